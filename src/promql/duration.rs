//! `1h30m`: numbers with units, the larger units first, each once; and what is calculated with them.

use super::lexer::What;
use super::parser::{MAX_DEPTH, POWER, PRODUCT, Parser};
use super::{Error, Span};

const UNITS: &[(&str, f64)] =
    &[("y", 31_536_000.0), ("w", 604_800.0), ("d", 86_400.0), ("h", 3_600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001)];

/// Prometheus counts in nanoseconds of 63 bits.
const LONGEST: f64 = 9_223_372_036.0;

pub fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
        let unit =
            rest[digits..].find(|c: char| !c.is_ascii_alphabetic()).map_or(&rest[digits..], |end| &rest[digits..digits + end]);
        let (_, length) = units.by_ref().find(|(name, _)| *name == unit)?;
        sum += rest[..digits].parse::<f64>().ok()? * length;
        rest = &rest[digits + unit.len()..];
    }
    (!text.is_empty() && sum <= LONGEST).then_some(sum)
}

impl Parser<'_> {
    /// One that is written down must be more than nothing.
    pub(super) fn positive(&mut self) -> Result<Span, Error> {
        let start = self.next.start;
        match self.duration(0)? {
            Span::Seconds(seconds) if seconds <= 0.0 => Err(Error::new("a duration is more than nothing", start..self.end)),
            span => Ok(span),
        }
    }

    /// A duration may be calculated, out of `step()` and `range()` too: then it is known when it runs.
    pub(super) fn duration(&mut self, weakest: u8) -> Result<Span, Error> {
        let sign = self.sign()?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new("this duration is too deep", self.next.start..self.next.end));
        }
        // A sign binds less than a power.
        let mut left = if sign < 0.0 { scale(self.duration(PRODUCT)?, -1.0) } else { self.duration_operand()? };
        while let Some(operator) = self.operator().filter(|operator| operator.level > weakest && "+-*/%^".contains(operator.sign))
        {
            self.advance()?;
            let start = self.next.start;
            let right = self.duration(if operator.level == POWER { POWER - 1 } else { operator.level })?;
            if matches!(operator.sign, "/" | "%") && right == Span::Seconds(0.0) {
                return Err(Error::new("a division by nothing", start..self.end));
            }
            left = Span::Later;
        }
        self.depth -= 1;
        Ok(left)
    }

    pub(super) fn duration_operand(&mut self) -> Result<Span, Error> {
        match self.next.what {
            What::Number(seconds) if seconds > LONGEST => {
                Err(Error::new("this duration is too long", self.next.start..self.next.end))
            }
            What::Number(seconds) => {
                self.has_number = true;
                self.advance()?;
                Ok(Span::Seconds(seconds))
            }
            What::Sign("(") => {
                self.advance()?;
                self.duration(0)?;
                self.expect(")")?;
                Ok(Span::Later)
            }
            What::Word if self.is_word("step") || self.is_word("range") => {
                self.advance()?;
                self.expect("(")?;
                self.expect(")")?;
                Ok(Span::Later)
            }
            What::Word if self.is_word("max_of") || self.is_word("min_of") => {
                self.advance()?;
                self.expect("(")?;
                self.duration(0)?;
                self.expect(",")?;
                self.duration(0)?;
                self.expect(")")?;
                Ok(Span::Later)
            }
            _ => Err(self.unexpected("a duration")),
        }
    }

    /// Signs before a number, together.
    pub(super) fn sign(&mut self) -> Result<f64, Error> {
        let mut sign = 1.0;
        while let What::Sign(found @ ("+" | "-")) = self.next.what {
            sign = if found == "-" { -sign } else { sign };
            self.advance()?;
        }
        Ok(sign)
    }
}

pub(super) fn scale(span: Span, factor: f64) -> Span {
    match span {
        Span::Seconds(seconds) => Span::Seconds(seconds * factor),
        Span::Later => Span::Later,
    }
}
