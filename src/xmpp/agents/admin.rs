//! Administrators add, change and delete workgroups by ad-hoc commands on the service (XEP-0050,
//! fastpath-protocol §3.5). No session is kept: every step carries all that it needs.

use minidom::Element;

use crate::engine::groups::{GroupOrder, GroupProblem};
use crate::ids::AgentJid;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Build, Condition, attr, child, element};

use super::adhoc::AdHoc;
use super::{Agents, AgentsSettings, Got, Then, refuse};

/// A command on workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    /// Add one.
    Add,
    /// Say anew who serves in it.
    Update,
    /// Delete one.
    Delete,
}

/// All of them, in the order in which they are shown.
pub const ADMIN_COMMANDS: [AdminCommand; 3] = [
    AdminCommand::Add,
    AdminCommand::Update,
    AdminCommand::Delete,
];

impl AdminCommand {
    /// The command's name on the wire.
    pub fn node(self) -> &'static str {
        match self {
            Self::Add => "http://jabber.org/protocol/admin#add-workgroup",
            Self::Update => "http://jabber.org/protocol/admin#update-workgroup",
            Self::Delete => "http://jabber.org/protocol/admin#delete-workgroup",
        }
    }

    /// The command's name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Add => "Add a workgroup",
            Self::Update => "Change who serves in a workgroup",
            Self::Delete => "Delete a workgroup",
        }
    }

    /// The command of this name on the wire.
    pub fn named(node: &str) -> Option<Self> {
        let mut all = ADMIN_COMMANDS.into_iter();
        all.find(|command| command.node() == node)
    }
}

/// A command that waits for its order.
#[derive(Debug)]
pub struct Administering {
    request: Element,
    command: AdminCommand,
    session: String,
}

impl AgentsSettings {
    /// Whether somebody may give commands on workgroups.
    pub fn is_admin(&self, from: &Address) -> bool {
        AgentJid::parse(&from.bare()).is_some_and(|jid| self.admins.contains(&jid))
    }
}

impl Agents {
    /// A command on the service itself.
    pub(super) fn administer(&mut self, got: &Got<'_>, payload: &Element) -> Vec<Out<Then>> {
        let Some(command) = attr(payload, "node").and_then(AdminCommand::named) else {
            return refuse(got.stanza, Condition::ItemNotFound);
        };
        if !self.settings.is_admin(&got.from) {
            return refuse(got.stanza, Condition::Forbidden);
        }
        let session = match attr(payload, "sessionid") {
            Some(session) => session.to_owned(),
            None => self.mint("admin"),
        };
        let running = Administering {
            request: got.stanza.clone(),
            command,
            session,
        };
        let form = child(payload, "x", ns::DATA_FORMS);
        match (attr(payload, "action").unwrap_or("execute"), form) {
            ("cancel", _) => running.reply("canceled", []),
            ("execute" | "complete" | "next", Some(form)) => {
                match order(&self.settings, command, form) {
                    Some(order) => vec![Out::Regroup(order, Then::Administered(Box::new(running)))],
                    None => running.note("error", "Which workgroup? Nothing was done."),
                }
            }
            ("execute", None) => {
                let actions = element("actions", ns::COMMANDS)
                    .with("execute", "complete")
                    .and(element("complete", ns::COMMANDS));
                let form = blank(&self.settings, command);
                running.reply("executing", [actions, form])
            }
            _ => super::commands::bad_request(got.stanza, "bad-action"),
        }
    }

    /// What came of a command on workgroups.
    pub fn regrouped(&self, then: Then, done: Result<(), GroupProblem>) -> Vec<Out<Then>> {
        let Then::Administered(running) = then else {
            return Vec::new();
        };
        match done {
            Ok(()) => running.note("info", "Done."),
            Err(GroupProblem::Unavailable) => {
                refuse(&running.request, Condition::ResourceConstraint)
            }
            Err(problem) => running.note("error", &problem.to_string()),
        }
    }
}

fn order(settings: &AgentsSettings, command: AdminCommand, form: &Element) -> Option<GroupOrder> {
    let values = |var: &str| -> Vec<String> {
        let fields = form
            .children()
            .filter(|field| attr(field, "var") == Some(var));
        let values = fields.flat_map(Element::children);
        let texts = values.map(|value| value.text().trim().to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let field = match command {
        AdminCommand::Add => "name",
        AdminCommand::Update | AdminCommand::Delete => "workgroup",
    };
    let given = values(field).into_iter().next()?;
    let own = given.split_once('@');
    let name = match own {
        Some((local, domain)) if domain.eq_ignore_ascii_case(&settings.domain) => local.to_owned(),
        _ => given.clone(),
    };
    let agents = values("members");
    Some(match command {
        AdminCommand::Add => GroupOrder::Add {
            name,
            title: values("description").join(" "),
            agents,
        },
        AdminCommand::Update => GroupOrder::Update { name, agents },
        AdminCommand::Delete => GroupOrder::Delete { name },
    })
}

/// The form to be filled in.
fn blank(settings: &AgentsSettings, command: AdminCommand) -> Element {
    let form = element("x", ns::DATA_FORMS).with("type", "form").and_text(
        "title",
        ns::DATA_FORMS,
        command.title(),
    );
    let required = |field: Element| field.and(element("required", ns::DATA_FORMS));
    let members = field(("members", "jid-multi"), "Who serves in it");
    match command {
        AdminCommand::Add => form
            .and(required(field(("name", "text-single"), "Name")))
            .and(members)
            .and(field(("description", "text-single"), "What people call it")),
        AdminCommand::Update => form.and(required(which(settings))).and(members),
        AdminCommand::Delete => form.and(required(which(settings))),
    }
}

/// Which of the workgroups that were added by command.
fn which(settings: &AgentsSettings) -> Element {
    let added = settings.workgroups.iter().filter(|(_, one)| one.added);
    added.fold(
        field(("workgroup", "list-single"), "Workgroup"),
        |list, (name, one)| {
            let option = element("option", ns::DATA_FORMS).with("label", &one.title);
            list.and(option.and_text("value", ns::DATA_FORMS, &settings.jid(name)))
        },
    )
}

fn field((var, kind): (&str, &str), label: &str) -> Element {
    element("field", ns::DATA_FORMS)
        .with("var", var)
        .with("type", kind)
        .with("label", label)
}

impl AdHoc for Administering {
    fn asked(&self) -> (&Element, &str, &str) {
        (&self.request, self.command.node(), &self.session)
    }
}
