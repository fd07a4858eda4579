//! A value that a control does not accept stays visible, with the reason next to it.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::suite::Test;

use super::DEFAULTS;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_number_out_of_range_is_refused_next_to_its_control_until_fixed,
        an_empty_field_is_refused_and_other_controls_stay_usable
    ]
}

async fn a_number_out_of_range_is_refused_next_to_its_control_until_fixed() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    for (name, bad, good) in [("download", "2001", "2000"), ("scale", "0", "0.1"), ("seed", "1000000", "999999")] {
        page.fill_in(name, bad).await?;
        let refused = page.control(name).await?;
        assert!(refused.is_invalid, "{refused:?}");
        assert!(refused.error.contains(bad), "{refused:?}");
        assert_eq!(refused.value, bad, "the typed text stays");
        assert!(!page.is_enabled("Run").await?);

        page.fill_in(name, good).await?;
        let fixed = page.control(name).await?;
        assert!(!fixed.is_invalid, "{fixed:?}");
        assert_eq!(fixed.error, "");
        assert!(page.is_enabled("Run").await?);
    }
    Ok(())
}

async fn an_empty_field_is_refused_and_other_controls_stay_usable() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    page.fill_in("load", "").await?;
    assert!(page.control("load").await?.is_invalid);
    page.fill_in("download", "100").await?;
    assert!(!page.control("download").await?.is_invalid);
    assert!(!page.is_enabled("Run").await?, "one control is still refused");
    Ok(())
}
