//! Runs the native set, or serves the cases to others.

use std::process::ExitCode;

use hostile::cases::{self, Case};
use hostile::{Group, Server, client};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("native") => native().await,
        Some("serve") => serve().await,
        _ => {
            eprintln!("hostile native | hostile serve");
            ExitCode::FAILURE
        }
    }
}

/// Takes the crate through all cases and prints a line for each group.
async fn native() -> ExitCode {
    let mut sum = client::Tally::default();
    println!("{:<24}{:>6}  {:>8}  {:>6}", "group", "tried", "accepted", "honest");
    for group in Group::ALL {
        let tally = client::run(group).await;
        println!("{:<24}{:>6}  {:>8}  {:>6}", group.name(), tally.tried, tally.accepted, tally.honest);
        sum.tried += tally.tried;
        sum.accepted += tally.accepted;
        sum.honest += tally.honest;
        sum.wrong.extend(tally.wrong);
    }
    println!("{:<24}{:>6}  {:>8}  {:>6}", "all", sum.tried, sum.accepted, sum.honest);
    for sentence in &sum.wrong {
        println!("{sentence}");
    }
    if sum.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Serves the cases that every client can meet until standard input ends; first prints where they are.
async fn serve() -> ExitCode {
    let peers: Vec<Case> = cases::all().into_iter().filter(|case| case.peer).collect();
    let server = Server::start(peers.iter().map(|case| (case.name, case.scenario))).await;
    let row = |case: &Case| {
        json!({
            "name": case.name,
            "group": case.group.name(),
            "requirements": case.requirements,
            "lie": case.is_lie(),
            "issuer": server.issuer(case.name),
        })
    };
    println!(
        "{}",
        json!({ "clientId": client::CLIENT_ID, "redirectUri": client::REDIRECT_URI, "cases": peers.iter().map(row).collect::<Vec<_>>() })
    );
    let mut end = Vec::new();
    match tokio::io::stdin().read_to_end(&mut end).await {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
