//! The browser as a process: how it is started, and that it is gone afterwards.
//!
//! It gets a profile folder of its own, a process group of its own, and two pipes with the numbers 3 and 4, which is
//! where it expects its protocol. It ends when those pipes close, so also when homologa is killed; when homologa ends
//! in any other way, the whole group is ended and the folder removed; what a killed run left is removed by the next one. No environment variable reaches it but those a
//! browser needs: credentials in the environment stay here.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::wire::Wire;
use crate::i18n::Message;

/// Longest time until the browser says its version; a busy machine takes its time.
const START: Duration = Duration::from_secs(30);
/// Longest time for the browser to end by itself.
const END: Duration = Duration::from_secs(3);
/// How a profile folder is called, with the number of the process that made it.
const FOLDER: &str = "homologa-browser-";
/// A file in that folder that its process holds locked: the system gives the lock back however the process ends.
const LOCK: &str = "homologa.lock";
/// Age from which a folder whose process is gone is removed: before, it may be about to be locked.
const STALE: Duration = Duration::from_secs(1);
/// As [`STALE`], for a folder without a lock.
const STALE_UNLOCKED: Duration = Duration::from_secs(60);

/// What the browser may not do by itself, and what makes runs alike.
const SWITCHES: [&str; 35] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-component-extensions-with-background-pages",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-search-engine-choice-screen",
    "--disable-notifications",
    "--disable-prompt-on-repost",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--block-new-web-contents",
    "--metrics-recording-only",
    "--no-pings",
    "--no-service-autorun",
    "--password-store=basic",
    "--use-mock-keychain",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication,\
     CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions,SafeBrowsing,PaintHolding,\
     HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
];

/// How the browser is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Launch {
    /// SHA-256 of the public keys of certificates whose faults are known and passed over.
    pub(super) pins: Vec<[u8; 32]>,
    /// Width and height of the window, in pixels.
    pub(super) window: (u32, u32),
    /// Language of pages, for example `es-AR`.
    pub(super) lang: String,
}

/// A running browser.
pub(super) struct Process {
    /// Its protocol.
    pub(super) wire: Wire,
    /// As it names itself, for example `HeadlessChrome/156.0.8078.79`.
    pub(super) version: String,
    /// Whether it runs without its own sandbox, which it refuses to root.
    pub(super) unguarded: bool,
    #[cfg(unix)]
    group: unix::Group,
    _profile: Profile,
}

/// A folder that goes with the process, and its lock.
struct Profile(PathBuf, Option<File>);

impl Profile {
    fn make() -> std::io::Result<Profile> {
        sweep();
        let name = format!("{FOLDER}{}-{:x}", std::process::id(), crate::ids::Ids::random_seed());
        let path = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // A folder that is there already is somebody else's.
        builder.create(&path)?;
        let lock = File::create_new(path.join(LOCK)).ok().filter(|lock| lock.try_lock().is_ok());
        Ok(Profile(path, lock))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.1 = None;
        // What is left of the browser may still write for a moment.
        for _ in 0..20 {
            match std::fs::remove_dir_all(&self.0) {
                Ok(()) => return,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
                Err(_) => std::thread::sleep(Duration::from_millis(25)),
            }
        }
    }
}

/// Removes the folders of runs that were killed.
fn sweep() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten().take(10_000) {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split('-').next()?.parse().ok())
        else {
            continue;
        };
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| is_left(&entry.path(), age)) && is_gone(process) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody holds a folder of this age. A process of another container is not seen by its number, and a number
/// may be given again; the lock is seen.
fn is_left(folder: &Path, age: Duration) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => age > STALE && lock.try_lock().is_ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => age > STALE_UNLOCKED,
        Err(_) => false,
    }
}

#[cfg(unix)]
fn is_gone(process: i32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None) == Err(nix::errno::Errno::ESRCH)
}

#[cfg(not(unix))]
fn is_gone(_: i32) -> bool {
    false
}

fn switches(launch: &Launch, profile: &Path, root: bool) -> Vec<String> {
    use base64::Engine as _;
    let mut words: Vec<String> = SWITCHES.iter().map(|word| (*word).to_owned()).collect();
    words.push(format!("--user-data-dir={}", profile.display()));
    words.push(format!("--window-size={},{}", launch.window.0, launch.window.1));
    words.push(format!("--lang={}", launch.lang));
    if root {
        words.push("--no-sandbox".to_owned());
    }
    if !launch.pins.is_empty() {
        let keys: Vec<String> =
            launch.pins.iter().map(|pin| base64::engine::general_purpose::STANDARD.encode(pin)).collect();
        words.push(format!("--ignore-certificate-errors-spki-list={}", keys.join(",")));
    }
    words.push("about:blank".to_owned());
    words
}

/// Variables that a browser may need.
#[cfg(unix)]
const KEPT: [&str; 16] = [
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_DIR",
];

#[cfg(unix)]
mod unix {
    use std::process::Stdio;

    use command_fds::{CommandFdExt, FdMapping};
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;
    use serde_json::json;
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe;
    use tokio::process::{Child, Command};

    use super::*;

    /// Ends every process of the browser when it is dropped.
    pub(super) struct Group {
        pub(super) child: Child,
        id: Option<i32>,
    }

    impl Drop for Group {
        fn drop(&mut self) {
            // The number is not given again while any of the group lives.
            if let Some(id) = self.id.take() {
                let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            }
            let _ = self.child.start_kill();
        }
    }

    impl Process {
        /// Starts the browser and waits until it answers.
        pub(in super::super) async fn start(program: &Path, launch: &Launch) -> Result<Process, Message> {
            let failed = |error: &dyn std::fmt::Display| {
                Message::new("browser.no-start").with("path", program.display()).with("error", error)
            };
            let profile = Profile::make().map_err(|error| failed(&error))?;
            let (theirs_in, ours_out) = std::io::pipe().map_err(|error| failed(&error))?;
            let (ours_in, theirs_out) = std::io::pipe().map_err(|error| failed(&error))?;
            let root = nix::unistd::geteuid().is_root();
            let mut command = Command::new(program);
            command.args(switches(launch, &profile.0, root)).env_clear();
            command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
            // Whatever it keeps of its user, it keeps in its profile.
            command.env("HOME", &profile.0);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            command.process_group(0).kill_on_drop(true);
            let pipes = [(theirs_in.into(), 3), (theirs_out.into(), 4)];
            let pipes = pipes.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
            command.fd_mappings(pipes.into()).map_err(|error| failed(&error))?;
            let mut child = command.spawn().map_err(|error| failed(&error))?;
            // The command holds the browser's ends: nobody would notice their closing.
            drop(command);
            let errors = child.stderr.take();
            let id = child.id().and_then(|id| i32::try_from(id).ok());
            let group = Group { child, id };
            let out = pipe::Sender::from_owned_fd(ours_out.into()).map_err(|error| failed(&error))?;
            let from = pipe::Receiver::from_owned_fd(ours_in.into()).map_err(|error| failed(&error))?;
            let wire = Wire::start(from, out);
            let last_words = tokio::spawn(async move {
                let mut kept = Vec::new();
                let mut piece = [0; 4096];
                let Some(mut errors) = errors else { return kept };
                while let Ok(count @ 1..) = errors.read(&mut piece).await {
                    // It is chatty; only how it begins says why it did not start.
                    if kept.len() < 16 * 1024 {
                        kept.extend_from_slice(&piece[..count]);
                    }
                }
                kept
            });
            let version = wire.ask(None, "Browser.getVersion", json!({}));
            let version = match tokio::time::timeout(START, version).await {
                Ok(Ok(Ok(version))) => version,
                Err(_) => return Err(Message::new("browser.slow-start").with("seconds", START.as_secs())),
                Ok(_) => {
                    drop(group);
                    let words = tokio::time::timeout(Duration::from_secs(1), last_words).await;
                    let words = words.ok().and_then(Result::ok).unwrap_or_default();
                    return Err(failed(&reason(&String::from_utf8_lossy(&words))));
                }
            };
            let version = version["product"].as_str().unwrap_or("?").chars().take(80).collect();
            Ok(Process { wire, version, unguarded: root, group, _profile: profile })
        }

        /// Ends the browser: it is asked first, then made to.
        pub(in super::super) async fn end(mut self) {
            self.wire.say(None, "Browser.close", json!({}));
            let _ = tokio::time::timeout(END, self.group.child.wait()).await;
        }
    }

    /// The last line that a browser wrote before it gave up.
    fn reason(words: &str) -> String {
        let line = words.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("—");
        crate::secret::Redactor::default().text(line).chars().take(300).collect()
    }
}

#[cfg(not(unix))]
impl Process {
    /// There is no way to give a process two more pipes here.
    pub(super) async fn start(_: &Path, _: &Launch) -> Result<Process, Message> {
        Err(Message::new("browser.no-pipe"))
    }

    /// Ends nothing: nothing was started.
    pub(super) async fn end(self) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_somebody_holds_stays() {
        let profile = Profile::make().unwrap();
        let hour = Duration::from_secs(3_600);
        assert!(!is_left(&profile.0, hour));
        let folder = tempfile::tempdir().unwrap();
        assert!(is_left(folder.path(), hour) && !is_left(folder.path(), Duration::from_secs(30)));
        std::fs::write(folder.path().join(LOCK), "").unwrap();
        assert!(is_left(folder.path(), Duration::from_secs(30)) && !is_left(folder.path(), Duration::ZERO));
        let path = profile.0.clone();
        drop(profile);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_run_left_goes_with_the_next_one() {
        // No process has this number: it is above the highest one.
        let left = std::env::temp_dir().join(format!("{FOLDER}2147483646-test{}", std::process::id()));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        std::thread::sleep(STALE + Duration::from_millis(200));
        sweep();
        assert!(!left.exists());
    }
}
