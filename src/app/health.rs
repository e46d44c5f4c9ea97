//! Whether Warmline is alive, ready, and how it does: `/healthz`, `/readyz`, `/metrics`.

use actix_web::{HttpResponse, web};
use serde_json::json;
use tokio::sync::watch;

use crate::channels::http::wrong_method;
use crate::channels::table::{self, Place, Told, at};
use crate::engine::StoreHealth;
use crate::telemetry::Metrics;
use crate::xmpp::seat::LinkHealth;

/// What readiness depends on, and the figures.
#[derive(Clone)]
pub(super) struct Health {
    link: watch::Receiver<LinkHealth>,
    store: watch::Receiver<StoreHealth>,
    figures: Metrics,
}

impl Health {
    pub fn new(
        link: watch::Receiver<LinkHealth>,
        store: watch::Receiver<StoreHealth>,
        figures: Metrics,
    ) -> Self {
        Self {
            link,
            store,
            figures,
        }
    }
}

/// Adds the three routes.
pub(super) fn configure(services: &mut web::ServiceConfig, health: Health) {
    services.app_data(web::Data::new(health));
    for place in places() {
        services.service(place.resource("", wrong_method));
    }
}

/// The same for the document.
pub(super) fn told() -> Vec<Told> {
    table::told("operators", "", &places())
}

fn places() -> Vec<Place> {
    vec![
        at("/healthz").get("Whether the program is alive.", web::to(alive)),
        at("/readyz").get(
            "Whether it can work; 503 with the reasons if not.",
            web::to(ready),
        ),
        at("/metrics").get("Figures for Prometheus.", web::to(metrics)),
    ]
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

async fn ready(health: web::Data<Health>) -> HttpResponse {
    let mut reasons = Vec::new();
    if let LinkHealth::Down(why) = &*health.link.borrow() {
        reasons.push(json!({"part": "xmpp", "reason": why}));
    }
    if let StoreHealth::Failing(why) = &*health.store.borrow() {
        reasons.push(json!({"part": "store", "reason": why}));
    }
    if reasons.is_empty() {
        return HttpResponse::Ok().json(json!({"status": "ready"}));
    }
    HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "reasons": reasons}))
}

async fn metrics(health: web::Data<Health>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(health.figures.render())
}
