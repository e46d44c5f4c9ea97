//! The history as a PDF file, read back.

use std::path::PathBuf;
use std::process::Command;

use warmline::ids::Timestamp;
use warmline::users::{Done, Order, Said};

use super::players::PASSWORD;
use super::world::{CAROLS, Reply, World, agreeable, settings};

/// 2025-01-01T12:00:00Z
const NOON: i64 = 1_735_732_800_000;

/// All scripts of our users, and what no font shows.
const WORDS: [&str; 9] = [
    "Não há pão à mesa, čeština, Việt Nam: ảnh hưởng",
    "Здравствуйте, как дела?",
    "السلام عليكم، كيف يمكنني مساعدتك؟",
    "नमस्ते, क्षत्रिय हिन्दी में",
    "你好，有什么可以帮您？",
    "call me at 12:30, مرحبا Ali, please",
    "thumbs \u{1f9ff} up \u{10ffff} end",
    "line one\nline two\r\nline\u{7} three",
    "",
];

fn said(number: usize, words: &str) -> Said {
    let at = NOON + 60_000 * i64::try_from(number).unwrap();
    Said {
        id: format!("m{number}"),
        from: "vera@acme.example/phone".into(),
        to: "carol@workgroup.acme.example".into(),
        kind: "chat".into(),
        body: words.to_owned(),
        at: Timestamp(at),
        with: "vera@acme.example".into(),
        in_room: false,
    }
}

fn tells(world: &World, lines: Vec<Said>) {
    world.players.answer(move |order| match order {
        Order::History(_) => Ok(Done::Lines(lines.clone())),
        Order::Workgroups => Ok(Done::Workgroups(Vec::new())),
        _ => Ok(Done::Nothing),
    });
}

/// Where words begin on the page, from the left, in points.
fn places(bytes: &[u8], words: &[&str]) -> Vec<f32> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("talk.pdf");
    std::fs::write(&file, bytes).unwrap();
    let mut reader = Command::new("pdftotext");
    let told = reader.arg("-bbox").arg(&file).arg("-").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let place = |word: &&str| {
        let line = told
            .lines()
            .find(|line| plain(line).contains(&format!(">{word}<")));
        let line = line.unwrap_or_else(|| panic!("{word} in {told}"));
        let (_, from) = line.split_once("xMin=\"").unwrap();
        from.split('"').next().unwrap().parse().unwrap()
    };
    words.iter().map(place).collect()
}

/// The file, and its text as poppler reads it.
async fn read(world: &World, path: &str) -> (Vec<u8>, String) {
    let request = world.request("GET".parse().unwrap(), path);
    let header = super::world::basic(("carol", CAROLS));
    let reply = request
        .header("Authorization", header)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    assert_eq!(reply.headers()["content-type"], "application/pdf");
    let kept = "attachment; filename=\"conversations-carol.pdf\"";
    assert_eq!(reply.headers()["content-disposition"], kept);
    let bytes = reply.bytes().await.unwrap().to_vec();
    assert!(bytes.starts_with(b"%PDF-"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("talk.pdf");
    std::fs::write(&file, &bytes).unwrap();
    let mut reader = Command::new("pdftotext");
    let told = reader.arg("-layout").arg(&file).arg("-").output();
    let told = told.expect("pdftotext, of scripts/setup");
    assert!(told.status.success(), "{told:?}");
    (bytes, String::from_utf8(told.stdout).unwrap())
}

/// Without what readers put in for themselves: spaces, marks of direction, other forms of a letter.
fn plain(text: &str) -> String {
    let unseen =
        |letter: &char| !letter.is_whitespace() && !('\u{200b}'..='\u{202e}').contains(letter);
    text.chars().filter(unseen).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_script_is_read_back_and_no_character_is_lost() {
    let world = World::new().await;
    let lines = WORDS.iter().enumerate().map(|(at, words)| said(at, words));
    let mut lines: Vec<Said> = lines.collect();
    lines.push(Said {
        with: "desk@rooms.acme.example".into(),
        from: "desk@rooms.acme.example/Desk 1".into(),
        in_room: true,
        ..said(9, "Good day")
    });
    tells(&world, lines);
    let (bytes, text) = read(&world, "/restapi/v1/chat/carol/pdf").await;
    // There poppler gives letters as they stand, from the left.
    let turned = |word: &str| word.chars().rev().collect::<String>();
    let (first, second) = (turned("كيف"), turned("مساعدتك؟"));
    let places = places(&bytes, &[&first, &second, "mesa,", "čeština,"]);
    assert!(places[0] > places[1], "from the right: {places:?}");
    assert!(places[2] < places[3], "from the left: {places:?}");
    for expected in [
        "Conversations of carol@workgroup.acme.example",
        "With vera@acme.example, from 2025-01-01 12:00:00 UTC to 2025-01-01 12:08:00 UTC",
        "In the room desk@rooms.acme.example, from 2025-01-01 12:09:00 UTC",
        "2025-01-01 12:03:00 UTC  vera@acme.example/phone",
        "desk@rooms.acme.example/Desk 1",
        "Good day",
        "1 / 1",
    ] {
        assert!(
            plain(&text).contains(&plain(expected)),
            "{expected} in {text}"
        );
    }
    for words in &WORDS[..6] {
        let mut letters: Vec<char> = plain(words).chars().collect();
        letters.retain(|letter| !plain(&text).contains(*letter));
        assert!(letters.is_empty(), "{letters:?} of {words} in {text}");
    }
    for words in [WORDS[0], WORDS[1], WORDS[4], "line one", "line two"] {
        assert!(plain(&text).contains(&plain(words)), "{words} in {text}");
    }
    for number in ["thumbs [U+1F9FF] up [U+10FFFF] end", "line[U+0007] three"] {
        assert!(plain(&text).contains(&plain(number)), "{number} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_words_and_many_lines_take_as_many_pages_as_they_need() {
    let world = World::new().await;
    let long = "https://acme.example/".to_owned() + &"x1".repeat(400);
    let words = |at: usize| {
        format!(
            "number {at} of many that are said {}",
            "and said ".repeat(20)
        )
    };
    let mut lines: Vec<Said> = (0..200).map(|at| said(at, &words(at))).collect();
    lines.push(said(200, &long));
    tells(&world, lines);
    let (_, text) = read(&world, "/chat/pdf?limit=500").await;
    for at in 0..200 {
        assert!(text.contains(&format!("number {at} of many")), "{at}");
    }
    assert!(
        plain(&text).contains(&long),
        "no part of a long word is lost"
    );
    let pages = text.matches('\u{c}').count();
    assert!(
        pages > 10 && text.contains(&format!("{pages} / {pages}")),
        "{pages}"
    );
    let orders = world.players.orders.lock().unwrap();
    let wished = orders.iter().find_map(|(_, order)| match order {
        Order::History(wish) => Some(wish.limit),
        _ => None,
    });
    assert_eq!(wished, Some(500), "the parameters of messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_s_own_history_only() {
    let world = World::new().await;
    tells(&world, vec![said(0, "private words")]);
    let stream = world.login("carol").await;
    for path in ["/chat/carol/pdf".to_owned(), format!("/chat/{stream}/pdf")] {
        let reply = world.user(("robin", PASSWORD), "GET", &path).await;
        assert_eq!(reply.status, 403, "{path}");
        let without = world.request("GET".parse().unwrap(), &path);
        assert_eq!(Reply::of(without).await.status, 401);
    }
    read(&world, &format!("/chat/{stream}/pdf")).await;
    let request = world.request("GET".parse().unwrap(), "/chat/carol/pdf");
    let master = request.header("Authorization", super::world::MASTER);
    assert_eq!(master.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_font_and_with_too_much_text_it_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.fonts = vec![PathBuf::from(empty.path())];
    let world = World::with(settings, agreeable).await;
    tells(&world, vec![said(0, "words")]);
    let carol = ("carol", CAROLS);
    let reply = world.user(carol, "GET", "/chat/carol/pdf").await;
    assert_eq!(reply.status, 501, "{}", reply.text);
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("fonts-dejavu-core"), "{message}");
    let letters = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    std::fs::copy(letters, empty.path().join("a.ttf")).unwrap();
    let again = world.request("GET".parse().unwrap(), "/chat/carol/pdf");
    let again = again.header("Authorization", super::world::basic(carol));
    let again = again.send().await.unwrap().status();
    assert_eq!(again, 200, "once it is installed, without a restart");
    // The second as it stands in the file.
    for words in ["x ".repeat(1024 * 1024), "\u{10ffff}".repeat(130_000)] {
        tells(&world, vec![said(0, &words), said(1, "")]);
        let reply = world.user(carol, "GET", "/chat/carol/pdf").await;
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
}

/// Nobody's words make the program work for long, or lose a letter.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_take_no_time() {
    const TIMES: usize = 15_000;
    let world = World::new().await;
    for (unit, shown) in [
        ("\u{200b}", ""),
        ("\u{2003}", ""),
        ("\u{301}", "\u{301}"),
        ("a\u{430}", "\u{430}"),
        ("a\u{627}", "\u{627}"),
        // Embedded deeper and deeper: more than Unicode lets them be.
        ("\u{202b}Q", "Q"),
        ("\u{1f9ff}\u{200d}\u{1f9ff}", "[U+1F9FF]"),
    ] {
        let words = format!("x{}", unit.repeat(TIMES));
        tells(&world, vec![said(0, &words)]);
        let reading = read(&world, "/chat/carol/pdf");
        let read = tokio::time::timeout(std::time::Duration::from_secs(60), reading).await;
        let (_, text) = read.unwrap_or_else(|_| panic!("{unit:?} takes too long"));
        if !shown.is_empty() {
            let found = plain(&text).matches(shown).count();
            let times = if shown.len() > 2 { 2 * TIMES } else { TIMES };
            assert_eq!(found, times, "{unit:?}");
        }
    }
}
