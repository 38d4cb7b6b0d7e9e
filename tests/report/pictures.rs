//! Pictures of the parts of a run, once the parts are joined: none is lost, none is taken for another one.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, homologa_in};

/// A picture of one colour: a PNG file, as browsers write it.
fn png(colour: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8], data: &[u8]| {
        let named = [name, data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&named);
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(named);
        bytes.extend(crc.sum().to_be_bytes());
    };
    // 40 by 30 pixels, grey, eight bits.
    chunk(b"IHDR", &[0, 0, 0, 40, 0, 0, 0, 30, 8, 0, 0, 0, 0]);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..30).for_each(|_| packed.write_all(&[&[0][..], &[colour; 40]].concat()).unwrap());
    chunk(b"IDAT", &packed.finish().unwrap());
    chunk(b"IEND", b"");
    bytes
}

/// How the picture stands in a page.
fn embedded(png: &[u8]) -> String {
    use base64::Engine as _;
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(png))
}

/// A page with its slashes as a browser reads them.
fn unescaped(html: &str) -> String {
    html.replace("&#x2f;", "/")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The name that both machines gave their pictures.
const SHOT: &str = "out/shots/tienda-example-001-pagar.png";

/// Two parts of a run over eight pages, each recorded on a machine of its own and handed over as its folder `out`; gives
/// the shops that have a picture.
fn parts(folder: &Path) -> Vec<String> {
    let page = "<!doctype html><html lang=es><title>Pagar</title><script src='https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js'></script>\
        <form><input data-checkout=cardNumber name=card></form>";
    let mut shops = Vec::new();
    for (part, colour) in [("1", 40), ("2", 200)] {
        let machine = folder.join("machine").join(part);
        std::fs::create_dir_all(&machine).unwrap();
        let pages: Vec<String> = (0..8).map(|n| format!("{n}.html")).collect();
        pages.iter().for_each(|file| std::fs::write(machine.join(file), page).unwrap());
        let shard = format!("{part}/2");
        let mut all = vec!["golive", "--shard", &shard, "--output", "out", "--browser", "none"];
        all.extend(pages.iter().map(String::as_str));
        let ran = homologa_in(&machine, &all);
        assert_eq!(ran.code, 1, "{}", ran.all());
        // What a browser would have left behind.
        let mut record = read(&machine.join("out/report.json"));
        let shop = &mut record["shops"][0];
        shops.push(shop["url"].as_str().unwrap().to_owned());
        shop["pages"][0]["screenshot"] = json!(SHOT);
        let check =
            shop["checks"].as_array_mut().unwrap().iter_mut().find(|check| check["findings"].is_array()).unwrap();
        let note =
            |path: &str| json!({ "kind": "note", "message": { "key": "browser.shot", "args": { "path": path } } });
        check["findings"][0]["evidence"] = json!([note(&SHOT.replace("001", "002")), note("out/shots/both.png")]);
        std::fs::create_dir(machine.join("out/shots")).unwrap();
        std::fs::write(machine.join(SHOT), png(colour)).unwrap();
        std::fs::write(machine.join(SHOT.replace("001", "002")), png(colour + 1)).unwrap();
        std::fs::write(machine.join("out/shots/both.png"), png(100)).unwrap();
        std::fs::write(machine.join("out/report.json"), record.to_string()).unwrap();
        std::fs::rename(machine.join("out"), folder.join(part)).unwrap();
    }
    shops
}

fn merge(folder: &Path, out: &str, more: &[&str]) -> Ran {
    let ran = homologa_in(folder, &[&["report", "merge", out, "1/report.json", "2/report.json"], more].concat());
    assert_eq!(ran.code, 1, "{}", ran.all());
    ran
}

#[test]
fn pictures_of_two_folders_with_the_same_name_stay_two() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let shops = parts(path);
    // The same name once more, where the command runs: it belongs to neither part.
    std::fs::create_dir_all(path.join("out/shots")).unwrap();
    std::fs::write(path.join(SHOT), png(0)).unwrap();
    let ran = merge(path, "all", &[]);
    assert!(!ran.stderr.contains("picture"), "{}", ran.stderr);
    let whole = read(&path.join("all/report.json"));
    let page = |file: &str| std::fs::read_to_string(path.join(file)).unwrap();
    let bytes = page("all/report.html");
    let html = unescaped(&bytes);
    for (shop, colour) in shops.iter().zip([40, 200]) {
        let kept = whole["shops"].as_array().unwrap().iter().find(|kept| kept["url"] == shop.as_str()).unwrap();
        let named = kept["pages"][0]["screenshot"].as_str().unwrap();
        assert_eq!(std::fs::read(path.join("all").join(named)).unwrap(), png(colour), "{named}");
        let check = kept["checks"].as_array().unwrap().iter().find(|check| check["findings"].is_array()).unwrap();
        let element = check["findings"][0]["evidence"][0]["message"]["args"]["path"].as_str().unwrap();
        assert_eq!(std::fs::read(path.join("all").join(element)).unwrap(), png(colour + 1), "{element}");
        for picture in [png(colour), png(colour + 1)] {
            assert_eq!(html.matches(&embedded(&picture)).count(), 1);
        }
    }
    assert!(!html.contains(&embedded(&png(0))));
    // What is the same in both stands there once.
    let files = std::fs::read_dir(path.join("all/pictures")).unwrap().count();
    assert_eq!(files, 5);
    // The joined record takes its pictures along.
    std::fs::rename(path.join("all"), path.join("elsewhere")).unwrap();
    ["1", "2", "out"].iter().for_each(|gone| std::fs::remove_dir_all(path.join(gone)).unwrap());
    homologa_in(path, &["report", "elsewhere/report.json", "--report", "html=again.html"]);
    assert!(page("again.html") == bytes);
}

#[test]
fn a_joined_record_in_a_file_has_its_pictures_beside_it_and_what_is_missing_is_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let shops = parts(path);
    std::fs::remove_file(path.join("2/shots/tienda-example-001-pagar.png")).unwrap();
    std::fs::write(path.join("2/shots/both.png"), "no picture").unwrap();
    let ran = merge(path, "whole.json", &["--report", "html=whole.html"]);
    assert!(ran.stderr.contains("2 pictures"), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(path.join("whole-pictures")).unwrap().count(), 4);
    let html = unescaped(&std::fs::read_to_string(path.join("whole.html")).unwrap());
    assert!(html.contains(&embedded(&png(40))) && !html.contains(&embedded(&png(200))));
    let whole = read(&path.join("whole.json"));
    let second = whole["shops"].as_array().unwrap().iter().find(|kept| kept["url"] == shops[1].as_str()).unwrap();
    assert_eq!(second["pages"][0]["screenshot"], SHOT);
}

#[test]
fn parts_without_pictures_leave_no_folder_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    parts(path);
    for part in ["1", "2"] {
        let file = path.join(part).join("report.json");
        let journal = path.join(part).join("record.jsonl");
        std::fs::rename(journal, file).unwrap();
    }
    merge(path, "all", &[]);
    assert!(path.join("all/report.json").exists() && !path.join("all/pictures").exists());
}
