//! Queues, rules and hours of workgroups in the terms of the pure rooms.

use std::collections::BTreeSet;

use crate::config;
use crate::ids::{AgentJid, WorkgroupName};
use crate::workgroup::{Hours, Overflow, Pattern, Routing, Rule, Shift, Test, WorkgroupPolicy};

/// The rules of a workgroup.
pub(super) fn routing(one: &config::Workgroup) -> Routing {
    let routing = &one.routing;
    Routing {
        rules: routing.rules.iter().filter_map(rule).collect(),
        overflow: routing.overflow.as_ref().map(|(after, to)| Overflow {
            after: *after,
            to: line(to),
        }),
        hours: routing.hours.as_ref().map(hours),
        preferred: routing.preferred_agent.clone(),
    }
}

/// The lines of a workgroup's queues: like the workgroup's own, but with their own agents, and
/// without rules that would lead elsewhere again.
pub(super) fn queues(
    one: &config::Workgroup,
    own: &WorkgroupPolicy,
) -> Vec<(WorkgroupName, WorkgroupPolicy)> {
    let home = WorkgroupName::new(one.name.clone());
    let queue = |queue: &config::Queue| {
        let serves: BTreeSet<AgentJid> = queue
            .agents
            .iter()
            .filter_map(|jid| AgentJid::parse(jid.as_str()))
            .collect();
        let agents = own.agents.iter().filter(|(jid, _)| serves.contains(jid));
        let agents = agents
            .map(|(jid, name)| (jid.clone(), name.clone()))
            .collect();
        let overflow = own.routing.overflow.clone();
        let name = WorkgroupName::queue(&home, &queue.name);
        let routing = Routing {
            rules: Vec::new(),
            overflow: overflow.filter(|overflow| overflow.to != name),
            ..own.routing.clone()
        };
        let policy = WorkgroupPolicy {
            agents,
            routing,
            ..own.clone()
        };
        (name, policy)
    };
    one.routing.queues.iter().map(queue).collect()
}

fn line(line: &config::Line) -> WorkgroupName {
    let home = WorkgroupName::new(line.workgroup.clone());
    match &line.queue {
        Some(queue) => WorkgroupName::queue(&home, queue),
        None => home,
    }
}

fn rule(rule: &config::Rule) -> Option<Rule> {
    Some(Rule {
        field: rule.field.clone(),
        test: match &rule.test {
            config::Test::Equals(text) => Test::Equals(text.clone()),
            config::Test::Contains(text) => Test::Contains(text.clone()),
            config::Test::Matches(text) => Test::Matches(Pattern::new(text)?),
        },
        to: line(&rule.to),
    })
}

fn hours(hours: &config::Hours) -> Hours {
    let shifts = |day: &Vec<(u16, u16)>| {
        let shifts = day.iter().map(|(from, to)| Shift {
            from: *from,
            to: *to,
        });
        shifts.collect()
    };
    let dated = hours
        .holidays
        .iter()
        .filter_map(|(year, month, day)| jiff::civil::Date::new((*year)?, *month, *day).ok());
    let yearly = hours.holidays.iter().filter(|(year, ..)| year.is_none());
    Hours {
        zone: hours.zone.clone(),
        week: hours.week.each_ref().map(shifts),
        holidays: dated.collect(),
        yearly: yearly.map(|(_, month, day)| (*month, *day)).collect(),
    }
}
