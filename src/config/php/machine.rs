//! Runs the statements of settings files for one host, as PHP would for one request.
//!
//! There is one machine per run: for a host that the files name, or for "any other host". What
//! can't be computed is [`Value::Unknown`]; a statement that depends on it has no effect but a
//! finding, and whatever it might have defined is remembered as uncertain, so that a later
//! `if (!defined(…))` does not take a default for the truth.

mod values;

use std::collections::{HashMap, HashSet};

use super::parser::{Expr, Stmt, StmtKind};
use super::program::{Library, Program};
use super::{Finding, PhpConst, PhpConstMap, PhpScalar};

/// Files that include each other.
const DEEPEST_INCLUDE: usize = 4;
/// Statements and operands in one run, all files together.
const MOST_STEPS: usize = 200_000;

#[derive(Clone)]
pub(super) enum Value {
    Known(PhpScalar),
    /// `HTTP_HOST` on a host that no comparison names.
    OtherHost,
    Unknown(String),
}

enum Flow {
    Next,
    Break,
    Return,
}

pub(super) struct Machine<'a, 'r> {
    library: &'a mut Library<'r>,
    /// The host of this run; `None` is any host that the files don't name.
    host: Option<String>,
    vars: HashMap<String, Value>,
    /// Names that are defined though nobody knows as what, or that may be; with the reason.
    unclear: HashMap<String, String>,
    pub constants: PhpConstMap,
    pub findings: Vec<Finding>,
    /// Hosts that comparisons name, in order.
    pub hosts: Vec<String>,
    /// Last parts of the paths of all files that ran.
    included: HashSet<String>,
    include_depth: usize,
    steps: usize,
}

/// The statement at hand: for the place of definitions and findings.
#[derive(Clone, Copy)]
struct Place<'p> {
    program: &'p Program,
    from: usize,
    to: usize,
}

impl<'a, 'r> Machine<'a, 'r> {
    pub fn new(library: &'a mut Library<'r>, host: Option<String>) -> Machine<'a, 'r> {
        Machine {
            library,
            host,
            vars: HashMap::new(),
            unclear: HashMap::new(),
            constants: PhpConstMap::default(),
            findings: Vec::new(),
            hosts: Vec::new(),
            included: HashSet::new(),
            include_depth: 0,
            steps: 0,
        }
    }

    /// Runs a file that was named on its own, unless another one included it already.
    pub fn run_file(&mut self, path: &str) {
        if self.included.insert(last_part(path).to_owned())
            && let Some(program) = self.library.get(path)
        {
            self.run(&program, &program.statements);
        }
    }

    fn run(&mut self, program: &Program, statements: &[Stmt]) -> Flow {
        for statement in statements {
            self.steps += 1;
            let place = Place {
                program,
                from: statement.from,
                to: statement.to,
            };
            if self.steps > MOST_STEPS {
                if self.steps == MOST_STEPS + 1 {
                    self.find(place, "the files do too much: reading ends here".to_owned());
                }
                return Flow::Return;
            }
            match self.statement(place, &statement.kind) {
                Flow::Next => {}
                flow => return flow,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, place: Place<'_>, kind: &StmtKind) -> Flow {
        match kind {
            StmtKind::Expr(expression) => {
                if let Value::Unknown(why) = self.value(place, expression) {
                    self.give_up(place, why);
                }
            }
            StmtKind::Block(body) => return self.run(place.program, body),
            StmtKind::If(branches, last) => return self.condition(place, branches, last),
            StmtKind::Switch(subject, cases) => return self.switch(place, subject, cases),
            StmtKind::Const(constants) => {
                for (name, expression) in constants {
                    let value = self.value(place, expression);
                    self.define(place, name, value);
                }
            }
            StmtKind::Break => return Flow::Break,
            StmtKind::Return => return Flow::Return,
            StmtKind::Unsupported(why) => self.give_up(place, why.clone()),
        }
        Flow::Next
    }

    fn condition(
        &mut self,
        place: Place<'_>,
        branches: &[(Expr, Vec<Stmt>)],
        last: &[Stmt],
    ) -> Flow {
        for (condition, body) in branches {
            match self.truth(place, condition) {
                Ok(true) => return self.run(place.program, body),
                Ok(false) => {}
                Err(why) => {
                    self.give_up(place, why);
                    return Flow::Next;
                }
            }
        }
        self.run(place.program, last)
    }

    fn switch(
        &mut self,
        place: Place<'_>,
        subject: &Expr,
        cases: &[(Option<Expr>, Vec<Stmt>)],
    ) -> Flow {
        let subject = self.value(place, subject);
        let mut chosen = cases.iter().position(|(label, _)| label.is_none());
        for (index, (label, _)) in cases.iter().enumerate() {
            let Some(label) = label else { continue };
            let label = self.value(place, label);
            match self.operate(&subject, "==", &label) {
                Value::Known(truth) if truth.truthy() => {
                    chosen = Some(index);
                    break;
                }
                Value::Known(_) => {}
                Value::OtherHost => {}
                Value::Unknown(why) => {
                    self.give_up(place, why);
                    return Flow::Next;
                }
            }
        }
        for (_, body) in cases.iter().skip(chosen.unwrap_or(cases.len())) {
            match self.run(place.program, body) {
                Flow::Next => {}
                Flow::Break => return Flow::Next,
                Flow::Return => return Flow::Return,
            }
        }
        Flow::Next
    }

    /// PHP's `define`: the first definition counts, later ones are ignored with a notice.
    fn define(&mut self, place: Place<'_>, name: &str, value: Value) {
        if let Some(first) = self.constants.get(name) {
            if !matches!(&value, Value::Known(value) if *value == first.value) {
                let why = format!(
                    "{name} has its value from {}:{} already, and PHP keeps the first; give the \
                     files in the order in which PHP reads them",
                    first.file, first.line
                );
                self.find(place, why);
            }
            return;
        }
        if let Some(why) = self.unclear.get(name) {
            let why = format!("{name} may have another value already: {why}");
            return self.find(place, why);
        }
        match value {
            Value::Known(value) => {
                let (file, line) = (place.program.path.clone(), place.program.line(place.from));
                self.constants.insert(name, PhpConst { value, file, line });
            }
            Value::OtherHost => self.unknown(place, name, "it is the name of the host"),
            Value::Unknown(why) => self.unknown(place, name, &why),
        }
    }

    fn unknown(&mut self, place: Place<'_>, name: &str, why: &str) {
        self.find(
            place,
            format!("the value of {name} can't be computed: {why}"),
        );
        let line = place.program.line(place.from);
        let reason = format!("see {}:{line}", place.program.path);
        self.unclear.insert(name.to_owned(), reason);
    }

    fn include(&mut self, place: Place<'_>, once: bool, required: bool, path: &Expr) -> Value {
        let Some(path) = self.text(place, path) else {
            return Value::Unknown("the name of the file can't be computed".to_owned());
        };
        let name = last_part(&path).to_owned();
        if once && self.included.contains(&name) {
            return Value::Known(PhpScalar::Bool(true));
        }
        if self.include_depth >= DEEPEST_INCLUDE {
            return Value::Unknown("files include each other too deep".to_owned());
        }
        let Some(program) = self.library.get(&path) else {
            let kind = if required {
                "PHP needs"
            } else {
                "PHP reads, when it is there,"
            };
            return Value::Unknown(format!("{kind} the file {path}, which was not found"));
        };
        self.included.insert(name);
        self.include_depth += 1;
        self.run(&program, &program.statements);
        self.include_depth -= 1;
        Value::Known(PhpScalar::Bool(true))
    }

    /// Records a statement that can't be followed, with all that it might have changed.
    fn give_up(&mut self, place: Place<'_>, why: String) {
        let line = place.program.line(place.from);
        for name in place.program.defined_names(place.from, place.to) {
            if self.constants.get(&name).is_none() {
                let reason = format!("see {}:{line}", place.program.path);
                self.unclear.entry(name).or_insert(reason);
            }
        }
        for name in place.program.variables(place.from, place.to) {
            let value = Value::Unknown(format!("${name} may have been changed in line {line}"));
            self.vars.insert(name.to_owned(), value);
        }
        self.find(place, why);
    }

    fn find(&mut self, place: Place<'_>, why: String) {
        self.findings.push(Finding {
            file: place.program.path.clone(),
            line: place.program.line(place.from),
            text: place.program.excerpt(place.from, place.to),
            why,
        });
    }
}

pub(super) fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
