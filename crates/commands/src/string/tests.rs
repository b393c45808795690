//! What the examples do not show of strings.

use crate::tests::check;

#[test]
fn set_answers_as_its_options_say() {
    check(
        r#"
        > SET k one NX
        OK
        > SET k two NX
        (nil)
        > SET k two NX GET
        "one"
        > SET k two XX GET
        "one"
        > SET absent v XX
        (nil)
        > SET absent v NX GET
        (nil)
        > GET absent
        "v"
        > sEt k three xX gEt
        "two"
        "#,
    );
}
