//! A process with everything that it started.

use std::process::Child;

/// Kills a program and every process that it started, and that those started, without a word to any of them. All of them are gone
/// afterwards.
pub fn kill_all(child: &mut Child) {
    #[cfg(target_os = "linux")]
    linux::kill_all(child.id());
    // An error says that it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    /// How long the system may take to remove a process that was killed.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Kills a process with all its descendants, and waits until the descendants are gone. The process itself is its parent's to await.
    pub(super) fn kill_all(root: u32) {
        let Some(root) = i32::try_from(root).ok().and_then(Pid::from_raw) else { return };
        // A process that is stopped starts no other that would be missed.
        let mut all = Vec::new();
        loop {
            let new: Vec<_> = family(root).into_iter().filter(|process| !all.contains(process)).collect();
            if new.is_empty() {
                break;
            }
            signal(&new, Signal::STOP);
            all.extend(new);
        }
        signal(&all, Signal::KILL);
        let started = Instant::now();
        while all.iter().any(|process| parent(*process).is_some()) && started.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(processes: &[Pid], signal: Signal) {
        for process in processes {
            // An error says that it has ended already.
            let _ = kill_process(*process, signal);
        }
    }

    /// A process with all its descendants.
    fn family(root: Pid) -> Vec<Pid> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
        let parents: Vec<_> = processes.filter_map(|process| Some((process, parent(process)?))).collect();
        let mut family = vec![root];
        let mut next = 0_usize;
        while let Some(process) = family.get(next).copied() {
            family.extend(parents.iter().filter(|(_, parent)| *parent == process).map(|(child, _)| *child));
            next = next.saturating_add(1);
        }
        family
    }

    /// Who started a process; `None` when it has ended. The number stands behind the name, which is in parentheses, and a letter.
    fn parent(process: Pid) -> Option<Pid> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        // A zombie has ended.
        fields.next().filter(|state| *state != "Z")?;
        Pid::from_raw(fields.next()?.parse().ok()?)
    }
}
