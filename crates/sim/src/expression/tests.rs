use serde_json::Value;

use super::*;

/// Expressions with what the API server's own environment (cel-go, Kubernetes
/// 1.36.3) made of them, given `measured.json` as `object`: a value, `compile:`
/// with the first error, or `error:`. A third column says what happens here where
/// that is something else: the same error in other words, or an error where the
/// server has an answer, and never the other way round.
const MEASURED: &str = include_str!("measured.tsv");
const OBJECT: &str = include_str!("measured.json");

fn outcome(source: &str, object: &Value) -> String {
    let mut compiler = Compiler::new([("object", Type::Dyn)]);
    let all = [Type::Dyn];
    let (ast, patterns) = match compiler.define("it", source) {
        Ok(()) => {
            let expression = compiler.compile("dyn(variables.it)", &all).unwrap();
            (expression, compiler.patterns())
        }
        Err(why) => return why.replace("compilation failed: ", "compile: "),
    };
    let mut bindings = Bindings::new(&patterns);
    bindings.bind("object", object);
    match bindings.evaluate(&ast) {
        Ok(Outcome::Bool(value)) => value.to_string(),
        Ok(Outcome::String(value)) => Value::from(value).to_string(),
        Ok(Outcome::Other(of)) => of,
        Err(why) => format!("error: {why}"),
    }
}

#[test]
fn expressions_mean_what_they_mean_to_the_server() {
    let object: Value = serde_json::from_str(OBJECT).unwrap();
    let mut wrong = Vec::new();
    for line in MEASURED.lines().filter(|line| !line.is_empty()) {
        let mut columns = line.split('\t');
        let (source, server) = (columns.next().unwrap(), columns.next().unwrap());
        let expected = columns.next().unwrap_or(server);
        let fails = |text: &str| text.starts_with("error: ") || text.starts_with("compile: ");
        assert!(expected == server || fails(expected), "{source}: an answer is the server's");
        let found = outcome(source, &object);
        if found != expected {
            wrong.push(format!("{source}\n    server: {server}\n    here:   {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
