//! Readers of hostile bytes: the corpora of the fuzz targets are replayed, and mutated a little further each time
//! in the same way. What `cargo fuzz` finds becomes a file in `fuzz/corpus/` and stays mended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use homologa::fuzzing::{Entry, TARGETS};

/// Mutations of each file.
const MUTATIONS: u64 = 60;
/// Longest mutated input, in bytes: the unoptimised build has to stay quick.
const LONGEST: usize = 16 * 1024;
/// Longest time that one small input may take in an unoptimised build on a busy machine.
const SLOW: Duration = Duration::from_secs(20);

/// Pieces that readers treat in a way of their own.
const PIECES: [&[u8]; 28] = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n%%\n",
    b"\t",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"${",
    b"}${a}",
    b"$${",
    b"&a ",
    b"*a",
    b"---\n",
    b"-9223372036854775808",
    b"1e999",
    b"null",
    b"400Error\n",
    b"<script>",
    b"\x1b[31m",
    "\u{202e}🙂ñ".as_bytes(),
];

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Runs a target; a panic or a slow run tells which input it was.
fn feed(entry: Entry, name: &str, told: &str, bytes: &[u8]) {
    let started = Instant::now();
    let done = catch_unwind(AssertUnwindSafe(|| entry(bytes)));
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
    assert!(done.is_ok(), "{name}: {told} breaks a promise: {shown:?}");
    assert!(started.elapsed() < SLOW, "{name}: {told} takes {:?}: {shown:?}", started.elapsed());
}

/// xorshift64*: the same numbers everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(value).unwrap() % limit.max(1)
    }
}

/// One to four changes of an input: a byte, a piece put in, a part left out, doubled, or taken from another input.
fn mutate(bytes: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len().min(LONGEST)].to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + 1 + numbers.below(64)).min(bytes.len());
        match numbers.below(6) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                for _ in 0..=numbers.below(20) {
                    bytes.splice(at..at, part.iter().copied());
                }
            }
            3 => bytes.truncate(at),
            4 if !other.is_empty() => {
                let from = numbers.below(other.len());
                let to = (from + numbers.below(256)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
        }
    }
    bytes
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut folders: Vec<String> = std::fs::read_dir(folder.join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|(name, _)| name));
    for (name, _) in TARGETS {
        assert!(corpus(name).len() >= 6, "{name}");
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
    }
}

#[test]
fn no_corpus_breaks_a_promise() {
    for (name, entry) in TARGETS {
        for (path, bytes) in corpus(name) {
            feed(entry, name, &path.display().to_string(), &bytes);
        }
    }
}

#[test]
fn no_mutation_of_a_corpus_breaks_a_promise() {
    let more: u64 = std::env::var("HOMOLOGA_FUZZ_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(MUTATIONS);
    std::thread::scope(|scope| {
        for (name, entry) in TARGETS {
            scope.spawn(move || {
                let files = corpus(name);
                for (index, (path, bytes)) in files.iter().enumerate() {
                    for seed in 1..=more {
                        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index as u64 | 1);
                        let other = &files[numbers.below(files.len())].1;
                        let mutated = mutate(bytes, other, &mut numbers);
                        feed(entry, name, &format!("{}, seed {seed}", path.display()), &mutated);
                    }
                }
            });
        }
    });
}
