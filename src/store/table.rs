//! The tables: what kinds of rows there are.

/// Declares the tables once, so that none is forgotten where all of them are moved or swept.
macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident = $name:literal,)*) => {
        /// What kind of row it is. Each table is a room of its own: no two tables share keys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table {
            $($(#[$doc])* $table,)*
            /// How far a move to or from another store has come; only [`super::move_all`] writes it.
            Move,
        }

        impl Table {
            /// Every table that holds what people rely on, which is all but [`Table::Move`].
            pub const ALL: &[Self] = &[$(Self::$table),*];

            /// The name under which a store keeps the table. It never changes.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$table => $name,)*
                    Self::Move => "move",
                }
            }
        }
    };
}

tables! {
    /// Conversations that are not over: group empty, key the conversation's id.
    Conversation = "conversation",
    /// Conversations that are over, kept for the history: group empty, key the id.
    Past = "past",
    /// What was said: group the conversation's id, key the sequence number in twelve digits.
    Line = "line",
    /// What was said before a conversation: group the conversation's id, key empty.
    Before = "before",
    /// What is remembered of an agent: group empty, key the bare JID.
    Agent = "agent",
    /// What a channel was told by its peer (a callback address): group empty, key the channel's id.
    Channel = "channel",
    /// Platform message ids already taken: group the channel's id, key the platform's id.
    Seen = "seen",
    /// Deliveries that are owed: group the conversation's id, key the delivery's number in twelve
    /// digits.
    Delivery = "delivery",
    /// Deliveries that were given up, kept for an operator: same keys as `Delivery`.
    DeadLetter = "dead_letter",
    /// An operator's orders to the running process: group empty, key ordered by time.
    Order = "order",
    /// What was said outside of a conversation: group a channel's id and the visitor's token there
    /// in one text, key the platform's message id. Every row has an expiry.
    Context = "context",
    /// Users of our own domain: group empty, key the user name.
    User = "user",
    /// A user's contacts: group the user name, key the contact's bare JID.
    Contact = "contact",
    /// Messages that wait for a user: group the user name, key ordered by time. Every row has an
    /// expiry.
    Waiting = "waiting",
    /// What was said to and by a user: group the user name, key ordered by time. Every row has an
    /// expiry.
    Said = "said",
    /// What an open session of a user would need after a restart: group the user name, key the
    /// session's resource.
    UserSession = "user_session",
    /// A user's properties: group the bare JID, key the property's name.
    Property = "property",
    /// Cases that were filed: group the channel's id, key the case's id.
    Case = "case",
    /// Tokens that a channel's callers were given: group empty, key a hash of the token.
    /// Every row has an expiry.
    Token = "token",
    /// What a message of a channel held besides its words: group the channel's id and the visitor's
    /// token there in one text, key the message's id. Every row has an expiry.
    Extra = "extra",
    /// What agents keep for themselves, and what is ordered over XMPP: group what it is, key whose.
    Desk = "desk",
    /// What browsers are shown: group a user's or a visitor's log, key the event's number in twenty
    /// digits. Every row has an expiry.
    Event = "event",
    /// What the chat API gave out: visitors' requests with group `ask` and the digest of their token
    /// as key, sessions of bridge users with group `session` and the digest of their stream id.
    /// Every row has an expiry.
    Grant = "grant",
    /// Passwords of users of our own domain that were made over the chat API: group empty, key the
    /// user name.
    Account = "account",
    /// Users' one-time codes for the chat API: group empty, key the user's bare address.
    Enrolment = "enrolment",
    /// Keys that the program made for itself: group empty, key what it is for.
    Key = "key",
}
