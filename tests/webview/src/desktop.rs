//! The desktop of a machine: a session bus, the folders of a user, applications and the schemes that they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::{Browser, Engine, Setup, until};
use launch::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A desktop for one application. Dropping it kills the application.
#[derive(Debug)]
pub struct Desktop {
    program: PathBuf,
    scheme: &'static str,
    relay: PathBuf,
    pub(crate) bus: Bus,
    pub(crate) home: TempDir,
}

impl Desktop {
    /// Starts a desktop for the application that a variable names, whose private-use scheme this is. `relay` is the program of that name.
    pub(crate) fn start(relay: &str, variable: &str, scheme: &'static str) -> Self {
        let program = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no application"));
        let program = fs::canonicalize(program).expect("the application is built");
        let home = TempDir::with_prefix("pkce-webview-").expect("a temporary folder can be made");
        for folder in ["applications", scheme] {
            fs::create_dir_all(home.path().join(folder)).expect("the temporary folder can be written");
        }
        let bus = Bus::start(home.path());
        Self { program, scheme, relay: relay.into(), bus, home }
    }

    /// Installs the application, and a browser that writes down what it is to open.
    pub(crate) fn install_both(&self) {
        self.install("system-browser", "http", &self.writing_to("opened"));
        self.install("application", self.scheme, &self.application());
    }

    /// Starts the application with these arguments.
    pub(crate) async fn start_application(&self, arguments: &[&str]) -> Browser {
        assert!(self.processes().is_empty(), "the application is running");
        let setup = Setup {
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            browser: Some(self.program.clone()),
            environment: self.environment(),
            ..Setup::default()
        };
        Browser::start_engine(Engine::Application, &setup).await
    }

    /// The system's browser. For these origins it starts the application without asking, as after "always allow".
    pub(crate) async fn browser_allowing(&self, origins: &[&str]) -> Browser {
        let allowed: Map<_, _> =
            origins.iter().map(|&origin| (origin.to_owned(), json!({ self.scheme: true }))).collect();
        let handlers: Value = json!({ "allowed_origin_protocol_pairs": allowed });
        let preferences = Map::from_iter([("protocol_handler".to_owned(), handlers)]);
        Browser::start_with(&Setup { preferences, environment: self.environment(), ..Setup::default() }).await
    }

    /// The processes in which the page and its network run, beside the application's own.
    pub fn web_processes(&self) -> Vec<Pid> {
        self.processes_where(|exe| {
            exe.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("WebKit") && name != "WebKitWebDriver")
        })
    }

    /// The command that writes down in a file the URL that it is started with.
    pub fn writing_to(&self, file: &str) -> String {
        format!("{} {}", self.relay.display(), self.home.path().join(file).display())
    }

    /// Makes a command the one for a scheme, as an installer does; whoever comes last has the scheme.
    pub fn install(&self, name: &str, scheme: &str, command: &str) {
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name}\nExec={command} %u\nMimeType=x-scheme-handler/{scheme};\n"
        );
        fs::write(self.home.path().join(format!("applications/{name}.desktop")), entry)
            .expect("the temporary folder can be written");
        let chosen = Command::new("xdg-mime")
            .args(["default", &format!("{name}.desktop"), &format!("x-scheme-handler/{scheme}")])
            .envs(self.environment())
            .status();
        assert!(chosen.expect("xdg-mime can be started").success());
    }

    /// The URL with this number, from 0, that was written down in a file.
    pub async fn written(&self, file: &str, number: usize) -> String {
        let path = self.home.path().join(file);
        let found = until(async || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            Ok::<_, ()>(text.lines().nth(number).map(str::to_owned))
        });
        found.await.unwrap_or_else(|error| panic!("{file} has no line {number}: {error}"))
    }

    /// How many URLs were written down in a file.
    pub fn count(&self, file: &str) -> usize {
        fs::read_to_string(self.home.path().join(file)).unwrap_or_default().lines().count()
    }

    /// The variables of this machine, for a program that is started on it.
    pub fn environment(&self) -> Vec<(String, String)> {
        environment(self.home.path(), &self.bus)
    }

    /// Opens a URL as the operating system does: with the application that is registered for its scheme.
    pub fn open(&self, url: &str) {
        let opened = Command::new("xdg-open")
            .arg(url)
            .envs(self.environment())
            .stderr(Stdio::null())
            .status()
            .expect("xdg-open can be started");
        assert!(opened.success(), "xdg-open {url}: {opened}");
    }

    /// Opens several URLs so, without waiting for one before the next.
    pub fn open_at_once(&self, urls: &[&str]) {
        let opening = urls.iter().map(|url| {
            let mut command = Command::new("xdg-open");
            command.arg(url).envs(self.environment()).stderr(Stdio::null());
            command.spawn().expect("xdg-open can be started")
        });
        for mut opened in opening.collect::<Vec<_>>() {
            assert!(opened.wait().expect("xdg-open ends").success());
        }
    }

    /// The application's program, as a command.
    pub fn application(&self) -> String {
        self.program.display().to_string()
    }

    /// Waits until a record whose name begins so is in a file of the application's `localStorage`.
    pub async fn kept(&self, name: &str) {
        // SQLite, in which WebKit keeps it, holds text as UTF-16.
        let sought: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        let found = until(async || {
            let files = files_below(self.home.path());
            let held = files.iter().filter_map(|file| fs::read(file).ok());
            Ok::<_, ()>(
                held.into_iter().any(|bytes| holds(&bytes, &sought) || holds(&bytes, name.as_bytes())).then_some(()),
            )
        });
        found.await.unwrap_or_else(|error| panic!("{name} is in no file: {error}"));
    }

    /// Kills the application with SIGKILL and waits until it is gone.
    pub async fn kill(&self) {
        for process in self.processes() {
            // It may have ended in the meantime.
            let _ = kill_process(process, Signal::KILL);
        }
        let gone = until(async || Ok::<_, ()>(self.processes().is_empty().then_some(()))).await;
        gone.expect("the application is gone");
    }

    /// The processes of the application on this machine, whoever started them.
    pub fn processes(&self) -> Vec<Pid> {
        self.processes_where(|exe| exe == self.program)
    }

    pub(crate) fn processes_where(&self, wanted: impl Fn(&Path) -> bool) -> Vec<Pid> {
        let bus = format!("DBUS_SESSION_BUS_ADDRESS={}", self.bus.address);
        let mine = |folder: &Path| {
            let environ = fs::read(folder.join("environ")).unwrap_or_default();
            fs::read_link(folder.join("exe")).is_ok_and(|exe| wanted(&exe))
                && environ.split(|byte| *byte == 0).any(|line| line == bus.as_bytes())
        };
        let folders = fs::read_dir("/proc").expect("there is /proc").flatten().map(|entry| entry.path());
        folders
            .filter(|folder| mine(folder))
            .filter_map(|folder| Pid::from_raw(folder.file_name()?.to_str()?.parse().ok()?))
            .collect()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // What the operating system started is in no process group of ours.
        for process in self.processes() {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// What tells programs on which machine they are.
pub(crate) fn environment(home: &Path, bus: &Bus) -> Vec<(String, String)> {
    let home = home.to_str().expect("the temporary folder has a name in UTF-8");
    let mut environment: Vec<_> = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"]
        .map(|name| (name.to_owned(), home.to_owned()))
        .into();
    environment.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus.address.clone()));
    // Tauri's own switch for WebDriver.
    environment.push(("TAURI_WEBVIEW_AUTOMATION".to_owned(), "true".to_owned()));
    environment
}

/// A session bus, by which a second start of the application finds the first.
#[derive(Debug)]
pub(crate) struct Bus {
    _daemon: Program,
    address: String,
}

/// A bus that starts no services of its own. A desktop portal would open URLs in the place of `xdg-open`, and would know nothing
/// of this machine's folders.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

impl Bus {
    pub(crate) fn start(home: &Path) -> Self {
        let configuration = home.join("bus.conf");
        fs::write(&configuration, BUS).expect("the temporary folder can be written");
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--nofork", "--print-address", "--config-file"]).arg(configuration).stderr(Stdio::null());
        let daemon =
            Program::start(&mut daemon).unwrap_or_else(|failure| panic!("dbus-daemon did not start: {failure}"));
        Self { address: daemon.first().trim().to_owned(), _daemon: daemon }
    }
}

/// Every file in a folder and the folders in it.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            Ok(kind) if kind.is_file() => vec![entry.path()],
            _ => Vec::new(),
        })
        .collect()
}
