//! Administrators add, change and delete workgroups (XEP-0050; fastpath-protocol §3.5).

use minidom::Element;
use warmline::engine::groups::{GroupOrder, GroupProblem, Part};
use warmline::ids::WorkgroupName;
use warmline::xmpp::agents::{AgentsSettings, Then};
use warmline::xmpp::out::Out;

use crate::desk::{DOMAIN, Desk, SUPPORT, jid, xml};

const ROOT: &str = "root@example.test/gajim";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const NODE: &str = "http://jabber.org/protocol/admin#";

fn desk() -> Desk {
    let mut desk = Desk::new();
    let mut settings = AgentsSettings {
        admins: [jid("root@example.test")].into(),
        ..desk.settings()
    };
    let sales = settings.workgroups.get_mut(&WorkgroupName::new("sales"));
    sales.expect("sales").added = true;
    desk.agents.set(settings);
    desk
}

fn command(node: &str, from: &str, more: &str) -> String {
    format!(
        "<iq type='set' id='c1' from='{from}' to='{DOMAIN}'><command xmlns='{COMMANDS}' \
         node='{NODE}{node}'{more}</iq>"
    )
}

fn form(fields: &[(&str, &[&str])]) -> String {
    let values = |all: &[&str]| -> String {
        let one = |value: &&str| format!("<value>{value}</value>");
        all.iter().map(one).collect()
    };
    let fields: String = fields
        .iter()
        .map(|(var, all)| format!("<field var='{var}'>{}</field>", values(all)))
        .collect();
    format!(
        " action='complete' sessionid='s'><x xmlns='jabber:x:data' type='submit'>{fields}</x>\
         </command>"
    )
}

fn text(sent: &[Element]) -> String {
    let [only] = sent else {
        panic!("one answer: {sent:?}");
    };
    String::from(only).replace('"', "'")
}

#[test]
fn commands_are_shown_to_administrators_alone() {
    let mut desk = desk();
    let mut list = |from: &str| {
        text(&desk.comes(&format!(
            "<iq type='get' id='i' from='{from}' to='{DOMAIN}'><query \
             xmlns='http://jabber.org/protocol/disco#items' node='{COMMANDS}'/></iq>"
        )))
    };
    let shown = list(ROOT);
    for node in ["add-workgroup", "update-workgroup", "delete-workgroup"] {
        assert!(shown.contains(&format!("{NODE}{node}")), "{shown}");
    }
    assert!(
        !list("agent1@example.test/x").contains("<item"),
        "no agent's"
    );
    for (from, kind) in [(ROOT, "automation"), ("agent1@example.test/x", "forbidden")] {
        let sent = desk.comes(&format!(
            "<iq type='get' id='i' from='{from}' to='{DOMAIN}'><query \
             xmlns='http://jabber.org/protocol/disco#info' node='{NODE}add-workgroup'/></iq>"
        ));
        assert!(text(&sent).contains(kind), "{sent:?}");
    }
}

#[test]
fn nobody_else_may_give_them_and_unknown_ones_do_not_exist() {
    let mut desk = desk();
    let add = form(&[("name", &["billing"])]);
    for from in [
        "agent1@example.test/x",
        "mallory@evil.test/x",
        "example.test",
    ] {
        let sent = desk.comes(&command("add-workgroup", from, &add));
        assert!(text(&sent).contains("forbidden"), "{sent:?}");
    }
    let sent = desk.comes(&command("shut-down", ROOT, &add));
    assert!(text(&sent).contains("item-not-found"), "{sent:?}");
    assert!(desk.orders.is_empty());
}

#[test]
fn a_form_is_asked_for_and_an_order_follows() {
    let mut desk = desk();
    let asked = text(&desk.comes(&command("add-workgroup", ROOT, "/>")));
    for part in [
        "status='executing'",
        "var='name'",
        "var='members'",
        "<required",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let fields = form(&[
        ("name", &[" billing "]),
        ("members", &["ana@example.test", "", "ben@example.test"]),
        ("description", &["Bills"]),
    ]);
    let done = text(&desk.comes(&command("add-workgroup", ROOT, &fields)));
    assert!(
        done.contains("status='completed'") && done.contains("type='info'"),
        "{done}"
    );
    let members = vec!["ana@example.test".to_owned(), "ben@example.test".to_owned()];
    let update = form(&[
        ("workgroup", &["sales@workgroup.example.test"]),
        ("members", &[]),
    ]);
    desk.comes(&command("update-workgroup", ROOT, &update));
    desk.comes(&command(
        "delete-workgroup",
        ROOT,
        &form(&[("workgroup", &["sales"])]),
    ));
    let expected = [
        GroupOrder::Add {
            name: "billing".into(),
            title: "Bills".into(),
            agents: members,
        },
        GroupOrder::Update {
            name: "sales".into(),
            agents: Vec::new(),
        },
        GroupOrder::Delete {
            name: "sales".into(),
        },
    ];
    assert_eq!(desk.orders, expected);
}

#[test]
fn only_those_that_were_added_can_be_chosen() {
    let mut desk = desk();
    let asked = text(&desk.comes(&command("delete-workgroup", ROOT, "/>")));
    assert!(asked.contains("sales@"), "{asked}");
    assert!(!asked.contains(SUPPORT), "{asked}");
}

#[test]
fn half_a_form_a_cancel_and_a_strange_action_order_nothing() {
    let mut desk = desk();
    let empty = text(&desk.comes(&command("delete-workgroup", ROOT, &form(&[]))));
    assert!(empty.contains("type='error'"), "{empty}");
    let cancel = text(&desk.comes(&command("delete-workgroup", ROOT, " action='cancel'/>")));
    assert!(cancel.contains("status='canceled'"), "{cancel}");
    let strange = text(&desk.comes(&command("delete-workgroup", ROOT, " action='fly'/>")));
    assert!(strange.contains("bad-action"), "{strange}");
    assert!(desk.orders.is_empty());
}

#[test]
fn why_nothing_was_changed_is_said() {
    let mut desk = desk();
    let request = command(
        "delete-workgroup",
        ROOT,
        &form(&[("workgroup", &["support"])]),
    );
    let problems = [
        (GroupProblem::Exists, "already"),
        (GroupProblem::Unknown, "no workgroup"),
        (GroupProblem::Configured, "configuration file"),
        (GroupProblem::TooMany, "too many"),
        (GroupProblem::Malformed(Part::Name, "a b".into()), "“a b”"),
        (GroupProblem::Unavailable, "resource-constraint"),
    ];
    for (problem, words) in problems {
        let mut out = desk.agents.stanza(desk.now, &xml(&request));
        let Some(Out::Regroup(_, then @ Then::Administered(_))) = out.pop() else {
            panic!("an order");
        };
        let told = desk.agents.regrouped(then, Err(problem));
        let sent = desk.carry_out(told);
        assert!(text(&sent).contains(words), "{words}: {sent:?}");
    }
}
