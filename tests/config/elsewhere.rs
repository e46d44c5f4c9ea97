//! Workgroups of other services, as they are configured.

use warmline::config::{WhenAgentLeaves, parse};

use crate::judgement::told;
use crate::{SMALL, small_with};

const AGENTS: &str = "agents = [\"anna@example.org\"]";
const THERE: &str = "backend = \"fastpath\"\naddress = \"Support@fastpath.example.org\"";

#[test]
fn a_workgroup_of_another_service_has_an_address_and_no_agents() {
    let settings = parse(&small_with(AGENTS, THERE)).expect("valid");
    let elsewhere = settings.workgroups[0].elsewhere.as_ref();
    let elsewhere = elsewhere.expect("another service");
    assert_eq!(elsewhere.address.as_str(), "support@fastpath.example.org");
    assert_eq!(elsewhere.when_agent_leaves, WhenAgentLeaves::Close);
    assert!(settings.warnings().is_empty(), "{:?}", settings.warnings());
    assert_eq!(parse(SMALL).expect("valid").workgroups[0].elsewhere, None);
}

#[test]
fn what_cannot_be_is_told_by_its_key() {
    told(
        AGENTS,
        "backend = \"fastpath\"",
        &["workgroup[0].address: is missing"],
    );
    told(
        AGENTS,
        "backend = \"fastpath\"\naddress = \"support@workgroup.example.org\"",
        &[
            "workgroup[0].address: is on the component's own domain: \"support@workgroup.example.org\"",
        ],
    );
    let own =
        "cannot be set beside backend = \"fastpath\": its service has agents and queues of its own";
    told(
        "name = \"support\"",
        &format!("name = \"support\"\n{THERE}\nsupervisors = [\"boss@example.org\"]"),
        &[
            &format!("workgroup[0].agents: {own}"),
            &format!("workgroup[0].supervisors: {own}"),
        ],
    );
    told(
        AGENTS,
        &format!("{THERE}\nwhen_agent_leaves = \"never\""),
        &["workgroup[0].when_agent_leaves: must be one of close, requeue, found \"never\""],
    );
    told(
        AGENTS,
        &format!("{AGENTS}\naddress = \"a@b.example\""),
        &[
            "workgroup[0].address: cannot be set beside backend = \"builtin\": only a workgroup of another service has it",
        ],
    );
    told(
        AGENTS,
        "backend = \"openfire\"",
        &["workgroup[0].backend: must be one of builtin, fastpath, found \"openfire\""],
    );
}

#[test]
fn what_waits_here_does_not_go_on_there_by_itself() {
    let other = format!("\n[[workgroup]]\nname = \"there\"\n{THERE}\n");
    told(
        AGENTS,
        &format!("{AGENTS}\noverflow_after = \"1m\"\noverflow_to = \"there\"\n{other}"),
        &["workgroup[0].overflow_to: names a workgroup of another service: \"there\""],
    );
}
