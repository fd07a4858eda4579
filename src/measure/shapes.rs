//! Outlines of what was measured, as paths of SVG: the page and the report that leaves it draw the same.

/// Equal steps in a box of 1000 by 100, each as high as its share of the greatest value, up to a share of the width: where
/// something is over there is no line.
#[must_use]
pub fn steps(values: &[f64], most: f64, until: f64) -> String {
    let end = (until * 1e3).round() as usize;
    let step = |(place, value): (usize, &f64)| {
        let to = ((place + 1) * 1_000 / values.len()).min(end);
        // A little room above, so that no line is cut in half.
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
    fn steps_end_where_something_is_over() {
        assert_eq!(steps(&[1.0, 2.0, 4.0, 4.0], 4.0, 0.5), "M0 100V75.5H250V51.0H500V100");
    }
}
