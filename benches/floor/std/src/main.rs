//! The least that a function with the standard library alone takes: one socket, the two requests of Lambda's Runtime API.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{BufRead, BufReader, Error, Read, Write};
use std::net::TcpStream;

fn main() -> Result<(), Error> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
    let mut stream = TcpStream::connect(&api)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    loop {
        let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {api}\r\n\r\n");
        stream.write_all(next.as_bytes())?;
        let id = read_answer(&mut answers)?;
        let response = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\nContent-Length: 4\r\n\r\nnull"
        );
        stream.write_all(response.as_bytes())?;
        read_answer(&mut answers)?;
    }
}

/// Reads one response to its end. Returns the id of the invocation, if it contains one.
fn read_answer(answers: &mut impl BufRead) -> Result<String, Error> {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Err(Error::other("the Runtime API closed the connection"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().map_err(Error::other)?,
            Some(("lambda-runtime-aws-request-id", value)) => id = value.to_owned(),
            _ => {}
        }
    }
    answers.take(length).read_to_end(&mut Vec::new())?;
    Ok(id)
}
