//! Every case of the table, natively: no lie is believed, each is refused for what it is, and the honest ones pass.

use std::collections::HashSet;
use std::io::{Write as _, stdout};

use hostile::cases;
use hostile::{Group, client};

async fn refuses_every_lie(group: Group) {
    let tally = client::run(group).await;
    // Past the capture of the test runner, which shows only what failing tests print.
    writeln!(stdout(), "{}: {tally}", group.name()).expect("the output can be written");
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert_eq!(tally.accepted, 0);
    assert!(tally.tried > 0 && tally.honest > 0, "{tally:?}");
}

#[tokio::test]
async fn no_lie_in_the_metadata_is_believed() {
    refuses_every_lie(Group::Metadata).await;
}

#[tokio::test]
async fn no_lie_in_the_authorization_response_is_believed() {
    refuses_every_lie(Group::Authorization).await;
}

#[tokio::test]
async fn no_lie_in_the_token_response_is_believed() {
    refuses_every_lie(Group::Token).await;
}

#[tokio::test]
async fn no_lie_in_the_id_token_is_believed() {
    refuses_every_lie(Group::IdToken).await;
}

#[tokio::test]
async fn id5_no_lie_in_the_signature_is_believed() {
    refuses_every_lie(Group::Signature).await;
}

#[tokio::test]
async fn id13_no_lie_of_the_userinfo_endpoint_is_believed() {
    refuses_every_lie(Group::Userinfo).await;
}

#[tokio::test]
async fn id14_no_lie_in_a_refresh_is_believed() {
    refuses_every_lie(Group::Refresh).await;
}

#[test]
fn every_case_has_a_name_of_its_own_and_a_requirement() {
    let mut names = HashSet::new();
    for case in cases::all() {
        assert!(names.insert(case.name), "{} stands twice", case.name);
        assert_ne!(case.name, "honest", "that is the server that every other one is measured by");
        assert!(!case.requirements.is_empty(), "{}", case.name);
    }
}

#[test]
fn every_group_has_lies_and_honest_cases_also_for_peers() {
    for group in Group::ALL {
        for peer in [false, true] {
            let of =
                |lie| cases::all().iter().any(|case| case.group == group && case.peer >= peer && case.is_lie() == lie);
            assert!(of(true) && of(false), "{}", group.name());
        }
    }
}
