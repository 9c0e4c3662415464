//! Command lines that need no stack, with all that they print and their exit codes.

#[test]
fn commands_print_what_their_files_say() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
