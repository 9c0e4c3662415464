//! The program `isthmus`.

fn main() -> ! {
    std::process::exit(isthmus_cli::run(std::env::args_os()).into())
}
