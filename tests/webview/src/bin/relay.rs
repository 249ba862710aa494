//! Stands where the operating system has a browser, or an application for a scheme: writes down the URL that it is started with.
//!
//!     relay FILE URL

use std::fs::OpenOptions;
use std::io::{Error, Write};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(url)) = (arguments.next(), arguments.next()) else {
        return Err(Error::other("usage: relay FILE URL"));
    };
    // One write: whoever reads sees whole lines.
    OpenOptions::new().append(true).create(true).open(file)?.write_all(format!("{url}\n").as_bytes())
}
