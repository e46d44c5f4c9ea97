//! One-time codes: begun, ended, and taken off a user who has lost them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::User;
use crate::chat_api::wire::node::{Entity, Node};

/// Who calls, for nobody else. Whoever is enrolled has come here by a session that was logged in with
/// a code.
async fn caller(call: &Call) -> Result<&User, Failure> {
    let user = call.user()?;
    // A session that is named has to be the caller's.
    if call.query("streamid").is_some() {
        call.session().await?;
    }
    Ok(user)
}

/// `GET /chat/enroll`: the address of an image, as the original; ours is the image itself, so that
/// nobody else sees the secret. As an entity also what stands in the image.
pub async fn begin(call: Call) -> Outcome {
    let user = caller(&call).await?;
    let offered = call.api.codes.offer(&user.bare).await?;
    let url = image(&offered.uri)?;
    let answer = match call.wants_entity() {
        false => Answer::text(url),
        true => Answer::entity(Entity {
            root: "enrolment",
            keys: vec![
                ("url", Node::Text(url)),
                ("uri", Node::Text(offered.uri)),
                ("secret", Node::Text(offered.secret)),
            ],
        }),
    };
    Ok(answer.private())
}

/// A QR code as an address that holds the image.
fn image(text: &str) -> Result<String, Failure> {
    const SMALLEST: u32 = 240;
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.or_else(|_| QrCode::with_error_correction_level(text, EcLevel::L));
    let code = code.map_err(|_| Failure::Impossible("the address is too long for a QR code"))?;
    let image = code
        .render::<svg::Color<'_>>()
        .min_dimensions(SMALLEST, SMALLEST)
        .build();
    Ok(format!(
        "data:image/svg+xml;base64,{}",
        STANDARD.encode(image)
    ))
}

/// `DELETE /chat/enroll`
pub async fn end(call: Call) -> Outcome {
    let user = caller(&call).await?;
    call.api.codes.end(&user.bare, Vec::new()).await?;
    Ok(Answer::empty())
}

/// `DELETE /users/{username}/enroll`, an extension: for an administrator, of a user of either kind.
pub async fn take_off(call: Call) -> Outcome {
    super::accounts::admit(&call)?;
    let given = call.path("username").to_lowercase();
    let bare = match given.contains('@') {
        true => given,
        false => super::accounts::bare(&call, &given),
    };
    match call.api.codes.end(&bare, Vec::new()).await? {
        true => Ok(Answer::empty()),
        false => Err(Failure::NoCodes),
    }
}
