//! The `homologa` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    homologa::cli::main()
}
