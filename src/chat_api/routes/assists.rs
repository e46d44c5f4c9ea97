//! Experts: the workgroups that they serve, and the offers that they answer, in both spellings.

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::wire::entity;
use crate::users::{Done, Order};

fn workgroup(call: &Call) -> Option<String> {
    let places = call.api.desk.sessions().places();
    call.has("workgroup")
        .then(|| places.workgroup(call.path("workgroup")))
}

/// `GET /chat/assists`
pub async fn workgroups(call: Call) -> Outcome {
    match call.order(Order::Workgroups).await? {
        (live, Done::Workgroups(all)) => Ok(Answer::entity(entity::workgroups(&all)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `GET /chat/assists/queues`, `GET /chat/assists/{workgroup}`
pub async fn queues(call: Call) -> Outcome {
    let wanted = workgroup(&call);
    match call.order(Order::Queues).await? {
        (live, Done::Queues(mut all)) => {
            all.retain(|queue| wanted.as_ref().is_none_or(|name| *name == queue.workgroup));
            Ok(Answer::entity(entity::queues(&all)).by(&live))
        }
        _ => Err(Failure::Fault),
    }
}

/// `POST /chat/assists/{workgroup}`
pub async fn serve(call: Call) -> Outcome {
    let name = workgroup(&call).ok_or(Failure::NoWorkgroup)?;
    call.do_it(Order::Serve(name)).await
}

/// `DELETE /chat/assists/{workgroup}`
pub async fn stop(call: Call) -> Outcome {
    let name = workgroup(&call).ok_or(Failure::NoWorkgroup)?;
    call.do_it(Order::StopServing(name)).await
}

/// `GET /chat/offers`, an extension: what waits for an answer, to be read again after a reconnect.
pub async fn offers(call: Call) -> Outcome {
    match call.order(Order::Offers).await? {
        (live, Done::Offers(open)) => Ok(Answer::entity(entity::offers(&open)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `PUT /chat/assists/{workgroup}/{offer}`, `POST /chat/{stream}/offer/{offer}`
pub async fn accept(call: Call) -> Outcome {
    answer(call, true).await
}

/// `DELETE /chat/assists/{workgroup}/{offer}`, `DELETE /chat/{stream}/offer/{offer}`
pub async fn reject(call: Call) -> Outcome {
    answer(call, false).await
}

async fn answer(call: Call, accept: bool) -> Outcome {
    let order = Order::AnswerOffer {
        id: call.path("offer").to_owned(),
        workgroup: workgroup(&call),
        accept,
    };
    call.do_it(order).await
}
