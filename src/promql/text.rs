//! Strings of PromQL, with the escapes that Go has.

use super::Error;

/// The value of the string that begins at `start`, and how many bytes it takes.
pub fn read(input: &str, start: usize) -> Result<(String, usize), Error> {
    let quote = input[start..].chars().next().unwrap_or('"');
    let body = &input[start + 1..];
    if quote == '`' {
        let end = body.find('`').ok_or_else(|| Error::new("this string has no end", start..input.len()))?;
        return Ok((body[..end].to_owned(), end + 2));
    }
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(c) = body[at..].chars().next().filter(|c| *c != '\n') {
        at += c.len_utf8();
        match c {
            _ if c == quote => return Ok((String::from_utf8_lossy(&bytes).into_owned(), at + 1)),
            '\\' => {
                let named = body[at..].chars().next().map_or(0, char::len_utf8);
                let wrong = |message| Error::new(message, start..start + 1 + at + named);
                at += escape(&body[at..], quote, &mut bytes).map_err(wrong)?;
            }
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err(Error::new("this string has no end", start..input.len()))
}

/// What follows a backslash: adds its value, gives its length.
fn escape(text: &str, quote: char, out: &mut Vec<u8>) -> Result<usize, String> {
    let Some(first) = text.chars().next() else { return Err("an escape is cut off".to_owned()) };
    let simple = [('a', 7), ('b', 8), ('f', 12), ('n', 10), ('r', 13), ('t', 9), ('v', 11), ('\\', b'\\')];
    if let Some((_, byte)) = simple.iter().find(|(name, _)| *name == first) {
        out.push(*byte);
        return Ok(1);
    }
    if first == quote {
        out.push(quote as u8);
        return Ok(1);
    }
    let (skip, digits, radix) = match first {
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        '0'..='7' => (0, 3, 8),
        _ => return Err(format!("there is no escape \\{first}")),
    };
    let code = text.get(skip..skip + digits).and_then(|digits| u32::from_str_radix(digits, radix).ok());
    let code = code.ok_or_else(|| format!("\\{first} wants {digits} digits"))?;
    if digits <= 3 {
        out.push(u8::try_from(code).map_err(|_| format!("\\{code:o} is more than a byte"))?);
    } else {
        let c = char::from_u32(code).ok_or_else(|| format!("U+{code:X} is no character"))?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(skip + digits)
}
