//! A wire between a client and the server that a test can cut.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes everything on to a port of loopback.
pub struct Proxy {
    pub port: u16,
    wires: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let here = listener.local_addr().expect("an address").port();
        let wires = Arc::new(Mutex::new(Vec::new()));
        let kept = wires.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let ends = (from.try_clone(), to.try_clone());
                    let (Ok(mut from), Ok(mut to)) = ends else {
                        continue;
                    };
                    thread::spawn(move || {
                        let _ = copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                kept.lock().unwrap().extend([client, server]);
            }
        });
        Proxy { port: here, wires }
    }

    /// Cuts every wire; new ones are laid when somebody connects.
    pub fn cut(&self) {
        for wire in self.wires.lock().unwrap().drain(..) {
            let _ = wire.shutdown(Shutdown::Both);
        }
    }
}
