//! Lists in, lists out: several as one, and the places of tiles that fill a page row by row.

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

/// What a page of tiles holds at most.
const MAX_TILES: usize = 10_000;
/// What a list made of lists holds at most.
const MAX_ITEMS: usize = 1_000_000;

/// One list of all that is in some lists.
pub(super) fn flat(lists: &Value) -> Result<Value, Error> {
    let mut all: Vec<Value> = Vec::new();
    for list in lists.try_iter()? {
        all.extend(list.try_iter()?.take(MAX_ITEMS + 1 - all.len().min(MAX_ITEMS)));
    }
    if all.len() > MAX_ITEMS { Err(too_many(MAX_ITEMS, "items")) } else { Ok(Value::from(all)) }
}

/// Where each tile with a `width` and a `height` lies on a page of so many columns: from left to right, and below all that
/// is above where a row is full.
pub(super) fn tiled(tiles: &Value, columns: i64) -> Result<Value, Error> {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut places: Vec<Value> = Vec::new();
    for tile in tiles.try_iter()?.take(MAX_TILES + 1) {
        let (width, height) = (side(&tile, "width")?, side(&tile, "height")?);
        if x + width > columns {
            (x, y, row) = (0, y + row, 0);
        }
        places.push(Value::from(BTreeMap::from([("x", x), ("y", y), ("w", width), ("h", height)])));
        (x, row) = (x + width, row.max(height));
    }
    if places.len() > MAX_TILES { Err(too_many(MAX_TILES, "tiles")) } else { Ok(Value::from(places)) }
}

fn side(tile: &Value, name: &str) -> Result<i64, Error> {
    let side = tile.get_attr(name)?.as_i64().filter(|side| (1..=1000).contains(side));
    side.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("a tile has no {name} from 1 to 1000")))
}

fn too_many(most: usize, what: &str) -> Error {
    Error::new(ErrorKind::OutOfFuel, format!("more than {most} {what}"))
}
