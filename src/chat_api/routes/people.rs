//! Contacts, users and their properties.

use actix_web::http::StatusCode;

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::wire::{body, entity};
use crate::users::{Done, Order};

/// `GET /chat/contacts`
pub async fn contacts(call: Call) -> Outcome {
    match call.order(Order::Contacts).await? {
        (live, Done::Contacts(all)) => Ok(Answer::entity(entity::roster(&all)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `GET /chat/contacts/requests`, an extension: who asks to see the user and waits for an answer.
/// Adding the contact lets them, removing it refuses them.
pub async fn requests(call: Call) -> Outcome {
    match call.order(Order::Requests).await? {
        (live, Done::Requests(all)) => Ok(Answer::entity(entity::requests(&all)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `POST /chat/contacts`, `POST /chat/contacts/{jid}` (README: without a body)
pub async fn add(call: Call) -> Outcome {
    let jid = call.has("jid").then(|| call.path("jid"));
    let wish = body::contact(&call.entity("rosterItem")?, jid)?;
    written(call.order(Order::AddContact(wish)).await?)
}

/// `PUT /chat/contacts/{jid}`
pub async fn update(call: Call) -> Outcome {
    let wish = body::contact(&call.entity("rosterItem")?, Some(call.path("jid")))?;
    written(call.order(Order::UpdateContact(wish)).await?)
}

fn written(done: (std::sync::Arc<crate::chat_api::desk::Live>, Done)) -> Outcome {
    match done {
        (live, Done::Contact(contact)) => {
            let answer = Answer::entity(entity::contact(&contact)).by(&live);
            Ok(answer.status(StatusCode::CREATED))
        }
        _ => Err(Failure::Fault),
    }
}

/// `DELETE /chat/contacts/{jid}`
pub async fn remove(call: Call) -> Outcome {
    let jid = call.path("jid").to_owned();
    let answer = call.do_it(Order::RemoveContact(jid)).await?;
    Ok(answer.status(StatusCode::CREATED))
}

/// `GET /chat/users?search=`
pub async fn search(call: Call) -> Outcome {
    let wanted = call.query("search").unwrap_or("*").to_owned();
    let live = call.looking().await?;
    match live.session.carry_out(Order::SearchUsers(wanted)).await? {
        Done::Users(found) => Ok(Answer::entity(entity::users(&found)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `POST /chat/users/{property}`
pub async fn set_property(call: Call) -> Outcome {
    let order = Order::SetProperty {
        name: call.path("property").to_owned(),
        value: call.text()?.to_owned(),
    };
    call.do_it(order).await
}

/// `DELETE /chat/users/{property}`
pub async fn remove_property(call: Call) -> Outcome {
    let name = call.path("property").to_owned();
    call.do_it(Order::RemoveProperty(name)).await
}
