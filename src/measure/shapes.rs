//! Outlines of measurements as SVG paths, shared by the page and the exported report.

/// Steps of equal width in a box of 1000 by 100, with heights relative to `most`. The line ends at the share `until` of
/// the width, from 0 to 1.
#[must_use]
pub fn steps(values: &[f64], most: f64, until: f64) -> String {
    let end = (until * 1e3).round() as usize;
    let step = |(place, value): (usize, &f64)| {
        let to = ((place + 1) * 1_000 / values.len()).min(end);
        // A small margin at the top, so that no line is cut in half.
        format!("V{:.1}H{to}", 100.0 - value / most * 98.0)
    };
    let is_reached = |(place, _): &(usize, &f64)| place * 1_000 < end * values.len();
    let steps: String = values.iter().enumerate().take_while(is_reached).map(step).collect();
    format!("M0 100{steps}V100")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_at_the_given_share() {
        assert_eq!(steps(&[1.0, 2.0, 4.0, 4.0], 4.0, 0.5), "M0 100V75.5H250V51.0H500V100");
    }
}
