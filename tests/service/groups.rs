//! Administrators add, change and delete workgroups by command; what they did stays.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::stage::{Stage, accept, offered};
use super::support::agents::Agent;
use super::support::config::Config;
use super::support::wait;
use super::support::xmpp::{COMPONENT, jid, workgroup};

const NODE: &str = "http://jabber.org/protocol/admin#";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
const W: &str = "http://jabber.org/protocol/workgroup";

fn administered(config: &mut Config) {
    config.more = format!("[fastpath]\nadmins = [\"{}\"]\n", jid("supervisor"));
}

/// Gives a command; what it says, or the error's condition.
fn order(who: &Agent, command: &str, fields: &[(&str, &[&str])]) -> Result<String, String> {
    let values = |all: &[&str]| -> String {
        let one = |value: &&str| format!("<value>{value}</value>");
        all.iter().map(one).collect()
    };
    let fields: String = fields
        .iter()
        .map(|(var, all)| format!("<field var='{var}'>{}</field>", values(all)))
        .collect();
    let payload = format!(
        "<command xmlns='{COMMANDS}' node='{NODE}{command}' action='complete'>\
         <x xmlns='jabber:x:data' type='submit'>{fields}</x></command>"
    );
    who.ask("set", COMPONENT, &payload)
}

fn done(answer: Result<String, String>) {
    let said = answer.expect("a result");
    assert!(said.contains("type=\"info\""), "{said}");
}

fn refused(answer: Result<String, String>, why: &str) {
    let said = answer.expect("a result");
    assert!(
        said.contains("type=\"error\"") && said.contains(why),
        "{said}"
    );
}

fn listed(who: &Agent) -> String {
    let query = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    who.ask("get", COMPONENT, query).expect("a list")
}

/// Comes on duty in a workgroup.
fn serves(stage: &Stage, account: &str, group: &str) -> Agent {
    let agent = stage.people.log_in(account, stage.server.ports());
    let group = workgroup(group);
    agent.show("chat");
    agent.subscribe(&group);
    agent.show_to(&group, "chat");
    agent.wait("the workgroup greets", |e| {
        e.kind() == "presence" && e.sender() == group && e.get("type") != "unsubscribed"
    });
    agent.settle_with(&group);
    agent
}

/// A visitor joins the line and leaves it.
fn is_open(stage: &Stage, group: &str) -> Result<(), String> {
    static COMES: AtomicUsize = AtomicUsize::new(0);
    // Another client each time: two with one resource would put each other out.
    let resource = format!("{group}-{}", COMES.fetch_add(1, Ordering::SeqCst));
    let visitor = stage
        .people
        .log_in_as("stranger", &resource, stage.server.ports());
    let form = "<x xmlns='jabber:x:data' type='submit'/>";
    let join = format!("<join-queue xmlns='{W}'>{form}</join-queue>");
    visitor.ask("set", &workgroup(group), &join).map(|_| ())
}

#[test]
fn a_workgroup_is_added_and_outlives_a_kill_and_a_reload() {
    let mut stage = Stage::configured(administered);
    let root = stage.people.log_in("supervisor", stage.server.ports());
    let cora = jid("agent3");
    let bills = [
        ("name", &["billing"][..]),
        ("members", &[cora.as_str()][..]),
        ("description", &["Bills"][..]),
    ];
    done(order(&root, "add-workgroup", &bills));
    refused(order(&root, "add-workgroup", &bills), "already");
    assert!(listed(&root).contains("billing@"));
    let cora = serves(&stage, "agent3", "billing");
    is_open(&stage, "billing").expect("an open workgroup");
    offered(&cora);
    stage.warmline.kill9();
    stage.warmline.start_again();
    assert!(listed(&root).contains("billing@"), "kept");
    let again = offered(&cora);
    accept(&cora, &again);
    let before = stage.warmline.log().matches("words are reloaded").count();
    stage
        .warmline
        .configure(|config| config.agents = vec!["agent2".into()]);
    stage.warmline.hang_up();
    wait::until("it is reloaded", wait::SOON, || {
        let now = stage.warmline.log().matches("words are reloaded").count();
        (now > before).then_some(())
    });
    assert!(listed(&root).contains("billing@"), "over a reload");
}

#[test]
fn members_change_and_a_deleted_workgroup_is_no_more() {
    let stage = Stage::configured(administered);
    let root = stage.people.log_in("supervisor", stage.server.ports());
    let (cora, ben) = (jid("agent3"), jid("agent2"));
    let members = ("members", &[cora.as_str()][..]);
    done(order(
        &root,
        "add-workgroup",
        &[("name", &["billing"]), members],
    ));
    let cora = serves(&stage, "agent3", "billing");
    let others = ("members", &[ben.as_str()][..]);
    let billing = workgroup("billing");
    let which = ("workgroup", &[billing.as_str()][..]);
    done(order(&root, "update-workgroup", &[which, others]));
    assert!(is_open(&stage, "billing").is_err(), "only cora was there");
    let ben = serves(&stage, "agent2", "billing");
    is_open(&stage, "billing").expect("an open workgroup");
    offered(&ben);
    cora.settle_with(&workgroup("support"));
    assert!(cora.take_now(|e| e.is_chat_offer()).is_none());
    done(order(&root, "delete-workgroup", &[which]));
    refused(order(&root, "delete-workgroup", &[which]), "no workgroup");
    assert!(!listed(&root).contains("billing@"));
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let gone = root.ask("get", &workgroup("billing"), info);
    assert_eq!(gone.err().as_deref(), Some("item-not-found"));
    assert_eq!(
        is_open(&stage, "billing").err().as_deref(),
        Some("not-authorized")
    );
}

#[test]
fn what_the_file_says_cannot_be_changed_and_goes_first() {
    let mut stage = Stage::configured(administered);
    let root = stage.people.log_in("supervisor", stage.server.ports());
    let (support, cora) = (workgroup("support"), jid("agent3"));
    let which = ("workgroup", &[support.as_str()][..]);
    refused(
        order(&root, "delete-workgroup", &[which]),
        "configuration file",
    );
    refused(
        order(&root, "update-workgroup", &[which]),
        "configuration file",
    );
    refused(
        order(&root, "add-workgroup", &[("name", &["support"])]),
        "already",
    );
    for name in ["v-1", "Two Words", "a@b", ""] {
        let answer = order(&root, "add-workgroup", &[("name", &[name])]);
        refused(answer, "");
    }
    let odd = ("members", &["nobody in particular"][..]);
    refused(
        order(&root, "add-workgroup", &[("name", &["billing"]), odd]),
        "nobody in particular",
    );
    let stranger = stage.people.log_in("agent1", stage.server.ports());
    let answer = order(&stranger, "add-workgroup", &[("name", &["mine"])]);
    assert_eq!(answer.err().as_deref(), Some("forbidden"));
    assert!(!listed(&root).contains("billing@") && !listed(&root).contains("mine@"));
    // The file comes to name what was added: it is the file's from then on.
    let members = ("members", &[cora.as_str()][..]);
    done(order(
        &root,
        "add-workgroup",
        &[("name", &["billing"]), members],
    ));
    stage.warmline.configure(|config| {
        administered(config);
        config.more += &format!(
            "[[workgroup]]\nname = \"billing\"\nagents = [\"{}\"]\n",
            jid("agent2")
        );
    });
    stage.warmline.hang_up();
    stage.warmline.wait_log("the file says what it is");
    serves(&stage, "agent2", "billing");
    let billing = workgroup("billing");
    let which = ("workgroup", &[billing.as_str()][..]);
    refused(
        order(&root, "delete-workgroup", &[which]),
        "configuration file",
    );
}
