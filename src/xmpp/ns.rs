//! Every namespace string the XMPP side knows, so that none is written anywhere else.

/// Stanzas as every room above the wire sees them (RFC 6120 §4.8.3).
pub const CLIENT: &str = "jabber:client";
/// Stanzas on a component stream (XEP-0114 §3); only the wire sees it.
pub const COMPONENT: &str = "jabber:component:accept";
/// The stream element, its errors and features (RFC 6120 §4.8.1).
pub const STREAMS: &str = "http://etherx.jabber.org/streams";
/// Names of stream errors (RFC 6120 §4.9.3).
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// Names of stanza errors (RFC 6120 §8.3.3).
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// The prefix `xml`, as in `xml:lang` (Namespaces in XML §3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Contact lists (RFC 6121 §2).
pub const ROSTER: &str = "jabber:iq:roster";

/// What an entity is and can do (XEP-0030).
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// What an entity contains (XEP-0030).
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// Entity capabilities in presence (XEP-0115).
pub const CAPS: &str = "http://jabber.org/protocol/caps";
/// Software version (XEP-0092).
pub const VERSION: &str = "jabber:iq:version";
/// Last activity and uptime (XEP-0012).
pub const LAST: &str = "jabber:iq:last";
/// Entity time (XEP-0202).
pub const TIME: &str = "urn:xmpp:time";
/// Ping (XEP-0199).
pub const PING: &str = "urn:xmpp:ping";
/// Personal card, its oldest form (XEP-0054).
pub const VCARD: &str = "vcard-temp";
/// Search (XEP-0055).
pub const SEARCH: &str = "jabber:iq:search";
/// In-band registration (XEP-0077).
pub const REGISTER: &str = "jabber:iq:register";
/// Private XML storage (XEP-0049).
pub const PRIVATE: &str = "jabber:iq:private";

/// Joining a room (XEP-0045).
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// What a room tells its occupants; mediated invitations (XEP-0045).
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// Creating, configuring, destroying a room (XEP-0045 §10).
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// Roles and affiliations (XEP-0045 §9).
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// `FORM_TYPE` of a room's configuration form (XEP-0045 §15.5.3).
pub const MUC_ROOM_CONFIG: &str = "http://jabber.org/protocol/muc#roomconfig";
/// `FORM_TYPE` of a room's extended disco information (XEP-0045 §15.5.4).
pub const MUC_ROOM_INFO: &str = "http://jabber.org/protocol/muc#roominfo";
/// Whether an occupant is still in the room (XEP-0410).
pub const MUC_SELF_PING: &str = "http://jabber.org/protocol/muc#self-ping-optimization";
/// Direct invitations to a room (XEP-0249).
pub const DIRECT_INVITE: &str = "jabber:x:conference";
/// Stable and unique occupant ids (XEP-0421).
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";

/// Forms (XEP-0004).
pub const DATA_FORMS: &str = "jabber:x:data";
/// Ad-hoc commands (XEP-0050).
pub const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// Answers to tap instead of type (XEP-0439).
pub const QUICK_RESPONSE: &str = "urn:xmpp:tmp:quick-response";

/// Typing notices (XEP-0085).
pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// Links with an attachment's address, in messages (XEP-0066).
pub const OOB: &str = "jabber:x:oob";
/// Correction of the last message (XEP-0308).
pub const CORRECTION: &str = "urn:xmpp:message-correct:0";
/// Retraction, first version (XEP-0424 before 0.4).
pub const RETRACT_0: &str = "urn:xmpp:message-retract:0";
/// Retraction (XEP-0424).
pub const RETRACT: &str = "urn:xmpp:message-retract:1";
/// Moderation by a room's moderators, first version (XEP-0425 before 0.3).
pub const MODERATE_0: &str = "urn:xmpp:message-moderate:0";
/// Moderation by a room's moderators (XEP-0425).
pub const MODERATE: &str = "urn:xmpp:message-moderate:1";
/// Applying one element to an earlier one, as old retractions do (XEP-0422).
pub const FASTEN: &str = "urn:xmpp:fasten:0";
/// Reactions (XEP-0444).
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// Replies (XEP-0461).
pub const REPLY: &str = "urn:xmpp:reply:0";
/// Which part of a body is only for old clients (XEP-0428).
pub const FALLBACK: &str = "urn:xmpp:fallback:0";
/// Delivery receipts (XEP-0184).
pub const RECEIPTS: &str = "urn:xmpp:receipts";
/// Displayed markers (XEP-0333).
pub const CHAT_MARKERS: &str = "urn:xmpp:chat-markers:0";
/// Processing hints such as `no-store` (XEP-0334).
pub const HINTS: &str = "urn:xmpp:hints";
/// When a stanza was first sent (XEP-0203).
pub const DELAY: &str = "urn:xmpp:delay";
/// The same in its oldest form (XEP-0091), still sent by old Openfire.
pub const DELAY_LEGACY: &str = "jabber:x:delay";
/// Stable and unique stanza ids (XEP-0359).
pub const STANZA_ID: &str = "urn:xmpp:sid:0";
/// Message archive (XEP-0313).
pub const MAM: &str = "urn:xmpp:mam:2";
/// Pages of a long result (XEP-0059).
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// A stanza within another (XEP-0297).
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// Copies of one's own other resources (XEP-0280).
pub const CARBONS: &str = "urn:xmpp:carbons:2";
/// Formatted text (XEP-0071).
pub const XHTML_IM: &str = "http://jabber.org/protocol/xhtml-im";
/// Nicknames (XEP-0172).
pub const NICK: &str = "http://jabber.org/protocol/nick";
/// One's avatar in presence (XEP-0153).
pub const VCARD_UPDATE: &str = "vcard-temp:x:update";
/// Uploads over HTTP (XEP-0363).
pub const HTTP_UPLOAD: &str = "urn:xmpp:http:upload:0";

/// Workgroups (XEP-0142).
pub const WORKGROUP: &str = "http://jabber.org/protocol/workgroup";
/// Fastpath's additions to workgroups (Openfire's Fastpath plugin).
pub const JIVE_WORKGROUP: &str = "http://jivesoftware.com/protocol/workgroup";

/// Smack's properties of a message; `data` of the chat API is one.
pub const JIVE_PROPERTIES: &str = "http://www.jivesoftware.com/xmlns/xmpp/properties";
