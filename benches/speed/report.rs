//! Figures as a table, with the machine they were measured on.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What was measured, in milliseconds.
pub struct Times(Vec<f64>);

impl Times {
    /// Sorts them.
    pub fn new(times: impl IntoIterator<Item = Duration>) -> Times {
        let mut times: Vec<f64> = times.into_iter().map(|t| t.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        Times(times)
    }

    /// The time that `share` of all did not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (share * self.0.len() as f64).ceil() as usize;
        let at = at.saturating_sub(1).min(last);
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }
}

/// Prints as it grows.
pub struct Report {
    begun: Instant,
}

impl Report {
    /// Begins with the machine.
    pub fn new() -> Report {
        let how = [
            "Release build, loopback only, one real Prosody, the embedded store",
            "(SQLite, synchronous=FULL), load and servers on the same cores.",
        ];
        Report::of("Warmline's speed on", &how)
    }

    /// Begins with what is measured, the machine, and how.
    pub fn of(title: &str, how: &[&str]) -> Report {
        let report = Report {
            begun: Instant::now(),
        };
        report.line(&format!("{title} {}", machine()));
        for line in how {
            report.line(line);
        }
        report
    }

    /// One line.
    pub fn line(&self, line: &str) {
        println!("{line}");
    }

    /// A heading, and the columns of the times that follow.
    pub fn heading(&self, title: &str) {
        let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let busy = busy.split(' ').next().unwrap_or("?");
        self.line(&format!("\n{title}   [load average before: {busy}]"));
    }

    /// The columns of [`Report::times`].
    pub fn columns(&self) {
        let (n, p50, p90, p99) = ("n", "p50", "p90", "p99");
        let (mean, max) = ("mean", "max");
        self.line(&format!(
            "  {:<46}{n:>6}{mean:>9}{p50:>9}{p90:>9}{p99:>9}{max:>9}  bound",
            "milliseconds"
        ));
    }

    /// One row of times, with the bound that the plan sets.
    pub fn times(&self, what: &str, times: &Times, bound: &str) {
        let (n, mean) = (times.0.len(), times.mean());
        let at = [0.5, 0.9, 0.99, 1.0].map(|share| format!("{:>9.2}", times.quantile(share)));
        self.line(&format!(
            "  {what:<46}{n:>6}{mean:>9.2}{}  {bound}",
            at.concat()
        ));
    }

    /// Tells how long it all took.
    pub fn end(&self) {
        let took = self.begun.elapsed().as_secs_f64();
        self.line(&format!("\nThe whole took {took:.0} s."));
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": "))
            .map_or("?", |(_, value)| value)
    };
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    format!(
        "{cores} cores of {} ({} MHz), {} GB",
        field("model name"),
        field("cpu MHz"),
        kilobytes / 1_000_000
    )
}

/// How long it takes to write 4 KiB and have the disk confirm it, in the folder of the runs.
pub fn disk() -> Times {
    use std::io::Write;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    fs::create_dir_all(&folder).expect("target/bench");
    let path = folder.join("disk-probe");
    let mut file = fs::File::create(&path).expect("a file");
    let times: Vec<Duration> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[7; 4096]).expect("a disk");
            file.sync_data().expect("a disk");
            begun.elapsed()
        })
        .collect();
    let _ = fs::remove_file(path);
    Times::new(times)
}

/// What the system tells of a process.
pub struct Usage {
    cpu_ticks: u64,
}

impl Usage {
    /// Up to now.
    pub fn of(pid: u32) -> Usage {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The second field, the name, may hold spaces; what counts stands behind it.
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let field = |at: usize| {
            let field = rest.split_whitespace().nth(at);
            field.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
        };
        Usage {
            cpu_ticks: field(11) + field(12),
        }
    }

    /// Seconds on a core since `before`. Linux counts in hundredths.
    pub fn since(&self, before: &Usage) -> f64 {
        (self.cpu_ticks - before.cpu_ticks) as f64 / 100.0
    }
}

/// The resident memory of a process, in MB.
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes: f64 = line
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(f64::NAN);
    kilobytes * 1024.0 / 1e6
}
