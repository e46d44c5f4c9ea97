//! How things stand, as figures: who waits, who serves, what is going on.

use crate::bridge::Bridge;
use crate::conversation::Stage;
use crate::telemetry::metrics as figures;
use crate::workgroup::Policy;

/// Takes the figures; it looks at every conversation once.
pub(super) fn take(bridge: &Bridge, policy: &Policy) {
    for name in policy.workgroups.keys() {
        figures::queue_length(name.as_str(), bridge.dispatch().length(name));
        let available = bridge.dispatch().available(name);
        figures::agents_available(name.as_str(), available);
    }
    let (mut waiting, mut served, mut over) = (0, 0, 0);
    for conversation in bridge.conversations() {
        match &conversation.stage {
            Stage::Waiting { .. } => waiting += 1,
            Stage::Away(away) if away.stay.is_none() => waiting += 1,
            Stage::Away(_) | Stage::Served(_) => served += 1,
            Stage::Over { .. } => over += 1,
        }
    }
    figures::conversations("waiting", waiting);
    figures::conversations("served", served);
    figures::conversations("over", over);
}
