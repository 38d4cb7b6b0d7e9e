//! Runs homologa and wget in turn on one shop and prints the medians.
//!
//! Processor time is that of the whole program, from the system's own books (`/proc`); memory is the largest resident
//! size that was seen.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{parts, shop};

/// Rounds of each program.
const ROUNDS: usize = 3;

#[derive(Clone, Copy, Default)]
struct Cost {
    cpu: f64,
    wall: f64,
    mib: f64,
}

/// `[N …]`
pub fn run(words: &[String]) -> super::Done {
    let counts: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![10, 100, 1000] } else { counts };
    println!("{:<12}{:>8}{:>10}{:>10}{:>10}{:>9}", "", "pages", "wall s", "cpu s", "pages/s", "MiB");
    let mut first: Option<(usize, f64)> = None;
    for count in counts {
        let folder = tempfile::tempdir()?;
        let own = folder.path().join("ca.pem");
        let given = std::env::var("SHOP").ok().zip(std::env::var("CA").ok());
        let (url, ca, server) = match &given {
            Some((url, ca)) => (url.clone(), Path::new(ca).to_owned(), None),
            None => {
                let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
                let words = ["server".to_owned(), count.to_string(), port.to_string(), own.display().to_string()];
                let server = Killed(Command::new(std::env::current_exe()?).args(words).spawn()?);
                let began = Instant::now();
                while !own.exists() {
                    if began.elapsed() > Duration::from_secs(60) {
                        return Err("the shop does not start".into());
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                (format!("https://127.0.0.1:{port}/"), own, Some(server))
            }
        };
        let json = folder.path().join("report.json");
        let mut costs: [Vec<Cost>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            costs[0].push(cost(homologa(&url, &ca, &json))?);
            let mut wget = Command::new("wget");
            wget.args(["-q", "-r", "-l", "inf", "--delete-after", "-nd", "-P"]).arg(folder.path());
            wget.arg(format!("--ca-certificate={}", ca.display())).arg(&url);
            if let Ok(cost) = cost(wget) {
                costs[1].push(cost);
            }
        }
        let medians = costs.each_ref().map(|costs| median(costs));
        for (name, cost) in ["homologa", "wget -r"].iter().zip(medians).filter(|(_, cost)| cost.wall > 0.0) {
            let speed = count as f64 / cost.wall;
            println!("{name:<12}{count:>8}{:>10.2}{:>10.2}{speed:>10.0}{:>9.1}", cost.wall, cost.cpu, cost.mib);
        }
        if medians[1].wall > 0.0 {
            let ratio = |of: fn(Cost) -> f64| of(medians[1]) / of(medians[0]);
            println!("faster than wget: {:.2} times (wall), {:.2} times (cpu)", ratio(|c| c.wall), ratio(|c| c.cpu));
        }
        match first {
            Some((before, cpu)) => {
                println!("{:.1} times the pages cost {:.1} times", count as f64 / before as f64, medians[0].cpu / cpu);
            }
            None => first = Some((count, medians[0].cpu)),
        }
        if server.is_some() {
            verify(&json, count)?;
        }
        parts::print(&url, &ca, count.min(1_000))?;
    }
    Ok(())
}

fn homologa(url: &str, ca: &Path, json: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homologa"));
    command.args([
        "golive",
        url,
        "--quiet",
        "--pages",
        "1000000",
        "--depth",
        "1000",
        "--seconds",
        "3600",
        "--concurrency",
        "16",
        "--browser",
        "none",
    ]);
    command.arg("--ca-file").arg(ca).arg("--report").arg(format!("json={}", json.display()));
    command
}

/// Every page has to be in the record, the seeded faults have to be found and no others.
fn verify(json: &Path, count: usize) -> super::Done {
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(json)?)?;
    let shop = &record["shops"][0];
    let pages = shop["pages"].as_array().map_or(0, Vec::len);
    let found: Vec<&str> = shop["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|check| check["rule"] == "card-fields-no-name")
        .flat_map(|check| check["findings"].as_array().into_iter().flatten())
        .filter_map(|finding| finding["place"]["url"].as_str())
        .collect();
    let seeded = (0..count).filter(|number| number % shop::FAULTY == 1).count();
    // A record keeps fifty findings of a rule and counts the rest.
    if pages != count + 1 || found.len() != seeded.min(50) {
        return Err(format!("{pages} pages of {}, {} faults of {seeded}", count + 1, found.len()).into());
    }
    println!("every page read, every seeded fault found: yes");
    Ok(())
}

fn median(costs: &[Cost]) -> Cost {
    let mut costs = costs.to_vec();
    costs.sort_by(|one, other| one.wall.total_cmp(&other.wall));
    costs.get(costs.len() / 2).copied().unwrap_or_default()
}

fn cost(mut command: Command) -> Result<Cost, Box<dyn std::error::Error>> {
    let (before, began) = (children()?, Instant::now());
    let mut mib: f64 = 0.0;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while child.try_wait()?.is_none() {
        mib = mib.max(resident(child.id()));
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Cost { cpu: children()? - before, wall: began.elapsed().as_secs_f64(), mib })
}

/// Processor seconds of all children that ended (proc(5): `cutime` and `cstime`, in hundredths of a second).
fn children() -> Result<f64, Box<dyn std::error::Error>> {
    Ok(ticks(13)? + ticks(14)?)
}

/// Processor seconds of this process so far, its children aside.
pub fn own() -> Result<f64, Box<dyn std::error::Error>> {
    Ok(ticks(11)? + ticks(12)?)
}

fn ticks(field: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    Ok(fields.get(field).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / 100.0)
}

/// The largest resident size of a process so far, in MiB (proc(5): `VmHWM`).
fn resident(id: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// A child that does not outlive the measurement.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
