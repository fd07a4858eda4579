//! The latencies of requests, since due and since sent, on one axis.

use crate::figures::histogram::{bins, edges, picture};
use crate::figures::node::{Node, element};
use crate::figures::table::{disclosed, table};
use crate::measure::heartbeat::Beat;
use crate::measure::latencies::{self, Latencies, SINCE_DUE, SINCE_SENT};
use crate::measure::requests::Requests;

/// Both latencies with their percentiles. None if there was no request.
#[must_use]
pub fn latency(requests: &Requests, beats: &[Beat]) -> Option<Node> {
    let both = Latencies::from_requests(requests)?;
    let (due, sent) = (&both.since_due, &both.since_sent);
    let caution = latencies::caution(requests, beats).map(|text| element("p").class("caution").text(text));
    let bins = bins("Latency: requests in each bin".to_owned(), &[(SINCE_DUE, due), (SINCE_SENT, sent)]);
    let figure = element("figure")
        .class("histogram")
        .attr("data-latencies", "")
        .child(element("h3").text("Latency since due (how long a user waits)"))
        .child(picture(SINCE_DUE, due))
        .child(element("h3").text("Latency since sent (how long the server took)"))
        .child(picture(SINCE_SENT, sent))
        .child(edges(due))
        .child(element("figcaption").text(both.caption()))
        .child(table(&latencies::table(requests)))
        .children(caution)
        .child(disclosed(&bins));
    Some(figure.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::measure::Outcome;
    use crate::measure::requests::Timing;

    fn timing(sent_us: u64) -> Timing {
        Timing { due_us: 0, sent_us: Some(sent_us), ended_us: 10_000, outcome: Outcome::Succeeded }
    }

    #[test]
    fn both_histograms_have_a_bar_for_each_bin_and_share_an_axis() {
        let requests = Requests::from_timings([timing(0), timing(5_000), timing(5_000), timing(9_000)]);
        let figure = latency(&requests, &[]).expect("there are requests");
        assert_sound(&figure);
        let bins = figure.rows();
        assert_eq!(figure.all("rect").len(), 2 * bins.len());
        let counts = |column: usize| bins.iter().map(|row| row[column].parse::<u32>().expect("a count")).sum::<u32>();
        assert_eq!((counts(2), counts(3)), (4, 4));
        assert_eq!(figure.texts(".edges"), ["0 ms15 ms"]);
        // All are equally long since due: one full bar and no others.
        let heights = figure.attributes("rect", "height");
        assert_eq!(heights[..bins.len()].iter().filter(|height| **height == "100").count(), 1);
    }

    #[test]
    fn without_requests_there_is_no_figure_and_one_request_gives_a_valid_one() {
        assert_eq!(latency(&Requests::default(), &[]), None);
        assert_sound(&latency(&Requests::from_timings([timing(0)]), &[]).expect("there is one"));
    }
}
