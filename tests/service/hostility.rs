//! Clients that misbehave on the connection itself: the program stays responsive for all others.

use super::stage::Stage;
use super::support::http::Request;
use super::support::rapidpro::{RapidPro, Ticket};
use super::support::wait;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long an ordinary call may take beside whatever goes on.
const RESPONSIVE: Duration = Duration::from_secs(3);

fn connect(rapidpro: &RapidPro) -> TcpStream {
    let stream = TcpStream::connect(rapidpro.address).expect("a connection");
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).expect("a time limit");
    stream
}

/// An ordinary ticket is taken at once.
fn responsive(rapidpro: &RapidPro, token: &str) {
    let begun = Instant::now();
    assert_eq!(rapidpro.open(&Ticket::of(token)).status, 201);
    assert!(begun.elapsed() < RESPONSIVE, "it answers at once");
}

/// Whether the other side has closed the connection, or answered with this status before it did.
fn ended(stream: &mut TcpStream, status: &str) -> bool {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(0) => true,
        Ok(_) => String::from_utf8_lossy(&answer).contains(status),
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn a_hundred_idle_and_a_hundred_dribbling_connections_hold_nobody_up() {
    let stage = Stage::start();
    let idle: Vec<TcpStream> = (0..100).map(|_| connect(&stage.rapidpro)).collect();
    let mut dribbling: Vec<TcpStream> = (0..100).map(|_| connect(&stage.rapidpro)).collect();
    for (number, byte) in b"GET /heal".iter().enumerate() {
        for stream in &mut dribbling {
            stream.write_all(&[*byte]).expect("one byte");
        }
        responsive(&stage.rapidpro, &number.to_string());
    }
    assert_eq!(stage.warmline.get("/readyz").status, 200);
    drop(idle);
    let mut one = dribbling.swap_remove(0);
    assert!(ended(&mut one, "408"), "no head is waited for for ever");
}

#[test]
fn half_a_body_and_then_nothing_changes_nothing() {
    let stage = Stage::start();
    let body = Ticket::of("half").body().to_string();
    let request = stage.rapidpro.request("POST", "room");
    let mut head = format!("POST {} HTTP/1.1\r\nHost: x\r\n", request.path);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Content-Type: application/json\r\n");
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut streams: Vec<TcpStream> = (0..50).map(|_| connect(&stage.rapidpro)).collect();
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).expect("the head");
        stream
            .write_all(&body.as_bytes()[..body.len() / 2])
            .expect("half a body");
    }
    responsive(&stage.rapidpro, "whole");
    let mut closed = streams.split_off(25);
    for stream in &mut closed {
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("an early end");
    }
    assert!(ended(&mut closed[0], "400"), "an early end is an error");
    assert_eq!(stage.rapidpro.message("half", "x").status, 404);
    responsive(&stage.rapidpro, "whole again");
}

#[test]
fn requests_that_come_in_one_piece_are_answered_in_their_order() {
    let stage = Stage::start();
    let mut bytes = Vec::new();
    for number in 0..20 {
        let request = stage.rapidpro.request("POST", "room");
        let body = Ticket::of(&format!("p{number}")).body().to_string();
        bytes.extend(format!("POST {} HTTP/1.1\r\nHost: x\r\n", request.path).bytes());
        for (name, value) in &request.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        let length = body.len();
        let rest =
            format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        bytes.extend(rest.bytes());
        bytes.extend(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    let stream = connect(&stage.rapidpro);
    let mut writing = stream.try_clone().expect("a handle");
    let writer = std::thread::spawn(move || writing.write_all(&bytes));
    let mut lines = BufReader::new(stream).lines();
    let mut statuses = Vec::new();
    while statuses.len() < 40 {
        let line = lines.next().expect("another line").expect("text");
        // A body ends without a line break, so that the next head follows it.
        if let Some((_, status)) = line.split_once("HTTP/1.1 ") {
            statuses.push(status[..3].to_owned());
        }
    }
    writer.join().expect("a writer").expect("all was written");
    assert!(statuses.chunks(2).all(|pair| pair == ["201", "404"]));
}

#[test]
fn old_and_broken_http_is_answered_or_closed() {
    let stage = Stage::start();
    let tries: [(&[u8], &str); 5] = [
        (b"GET /healthz HTTP/1.0\r\n\r\n", "200"),
        (b"GET /healthz HTTP/9.9\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
        (b"GET /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        (
            b"POST /healthz HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
    ];
    for (bytes, status) in tries {
        let mut stream = connect(&stage.rapidpro);
        stream.write_all(bytes).expect("written");
        stream.shutdown(std::net::Shutdown::Write).expect("an end");
        assert!(
            ended(&mut stream, status),
            "{:?}",
            bytes.escape_ascii().to_string()
        );
    }
    let long = format!("/{}", "x".repeat(200_000));
    let mut stream = connect(&stage.rapidpro);
    let _ = stream.write_all(format!("GET {long} HTTP/1.1\r\n\r\n").as_bytes());
    assert!(ended(&mut stream, "4"), "an endless address");
    responsive(&stage.rapidpro, "1");
}

#[test]
fn a_burst_of_strangers_does_not_keep_a_ticket_out() {
    let stage = Stage::start();
    let stranger = RapidPro {
        secret: "wrong".into(),
        ..stage.rapidpro.clone()
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(stranger.secret_check().status, 403);
                }
            });
        }
        responsive(&stage.rapidpro, "1");
    });
    let reply = Request::new("GET", "/healthz").send(stage.rapidpro.address);
    assert_eq!(reply.expect("an answer").status, 200);
    let queue = "warmline_queue_length{workgroup=\"support\"}";
    wait::until("the one ticket", wait::SOON, || {
        (stage.warmline.figure(queue) == Some(1.0)).then_some(())
    });
}
