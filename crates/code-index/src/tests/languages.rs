//! One story per language: source in, symbols out.

use crate::{Language, index};

/// `first-last kind name | signature` per symbol. No tree may have a syntax error.
#[track_caller]
pub(super) fn check(path: &str, source: &str, expected: &[&str]) {
    let index = index(path, source).unwrap();
    let symbols = index.symbols().iter().map(|symbol| {
        let kind = format!("{:?}", symbol.kind).to_lowercase();
        format!("{}-{} {kind} {} | {}", symbol.lines.first, symbol.lines.last, symbol.name, symbol.signature)
    });
    assert_eq!(symbols.collect::<Vec<_>>(), expected);
    assert_eq!(index.syntax_errors(), 0);
}

#[test]
fn every_language_has_queries_that_fit_its_grammar() {
    for (number, language) in Language::ALL.into_iter().enumerate() {
        assert_eq!((language as usize, language.entry().language), (number, language));
        assert!(language.query().pattern_count() > 0, "{}", language.name());
        assert!(language.query().capture_names().contains(&"name"), "{}", language.name());
    }
}

#[test]
fn languages_are_known_by_file_names() {
    for (path, expected) in [
        ("src/Shop/Cart.cs", Some(Language::CSharp)),
        ("a/B.JAVA", Some(Language::Java)),
        ("build.gradle.kts", Some(Language::Kotlin)),
        ("a.d.ts", Some(Language::TypeScript)),
        ("View.tsx", Some(Language::Tsx)),
        ("view.jsx", Some(Language::JavaScript)),
        ("lib/cart.h", Some(Language::Cpp)),
        ("Gemfile", Some(Language::Ruby)),
        ("deploy/run.sh", Some(Language::Bash)),
        ("dir\\file.py", Some(Language::Python)),
        ("README.md", None),
        ("Makefile", None),
        ("rs", None),
        ("src.rs/", None),
        ("", None),
    ] {
        assert_eq!(Language::of_path(path), expected, "{path}");
    }
}

#[test]
fn c_sharp() {
    check(
        "Cart.cs",
        r#"namespace Shop.Orders
{
    /// <summary>A cart.</summary>
    [Serializable]
    public sealed class Cart<T> : Basket, ICart where T : Item
    {
        private const int Limit = 5;
        private readonly List<T> items = new();
        private int count;

        public Cart(int size) : base(size)
        {
        }

        [Obsolete("no")]
        public async Task<decimal> TotalAsync(
            decimal rate, // in percent
            CancellationToken token = default)
        {
            decimal Round(decimal x) => Math.Round(x, 2);
            return Round(rate);
        }

        public decimal Tax => 0.19m;
        public int Count { get { return count; } }
        public static Cart<T> operator +(Cart<T> a, Cart<T> b) => a;
        public T this[int i] => items[i];
    }

    public interface ICart { void Clear(); }
    public record Line(string Name, int Quantity);
    public enum State { Open, Paid }
    public delegate void Changed(object sender);
    public struct Money { }
}
"#,
        &[
            "1-35 module Shop.Orders | namespace Shop.Orders",
            "4-28 type Cart | public sealed class Cart<T> : Basket, ICart where T : Item",
            "7-7 constant Limit | private const int Limit = 5",
            "8-8 constant items | private readonly List<T> items = new()",
            "11-13 method Cart | public Cart(int size) : base(size)",
            "15-22 method TotalAsync | public async Task<decimal> TotalAsync(decimal rate, CancellationToken token = default)",
            "20-20 function Round | decimal Round(decimal x)",
            "24-24 method Tax | public decimal Tax",
            "25-25 method Count | public int Count",
            "26-26 method + | public static Cart<T> operator +(Cart<T> a, Cart<T> b)",
            "27-27 method this | public T this[int i]",
            "30-30 type ICart | public interface ICart",
            "30-30 method Clear | void Clear()",
            "31-31 type Line | public record Line(string Name, int Quantity)",
            "32-32 type State | public enum State",
            "33-33 type Changed | public delegate void Changed(object sender)",
            "34-34 type Money | public struct Money",
        ],
    );
    check("a.cs", "namespace A.B;\nclass C { }\n", &["1-1 module A.B | namespace A.B", "2-2 type C | class C"]);
}

#[test]
fn java() {
    check(
        "Cart.java",
        r"package shop;

@Entity
public class Cart extends Basket implements Serializable {
    static final int LIMIT = 5;
    private int count;

    public Cart(int size) { super(size); }

    @Override
    public <T> T total(final int rate, List<T> lines) throws IOException {
        return null;
    }
}

interface Priced { int price(); }
enum State { OPEN, PAID; boolean done() { return this == PAID; } }
record Line(String name, int quantity) { Line { check(name); } }
@interface Audited { String value(); }
",
        &[
            "3-14 type Cart | public class Cart extends Basket implements Serializable",
            "5-5 constant LIMIT | static final int LIMIT = 5",
            "8-8 method Cart | public Cart(int size)",
            "10-13 method total | public <T> T total(final int rate, List<T> lines) throws IOException",
            "16-16 type Priced | interface Priced",
            "16-16 method price | int price()",
            "17-17 type State | enum State",
            "17-17 method done | boolean done()",
            "18-18 type Line | record Line(String name, int quantity)",
            "18-18 method Line | Line",
            "19-19 type Audited | @interface Audited",
            "19-19 method value | String value()",
        ],
    );
}

#[test]
fn kotlin() {
    check(
        "Cart.kt",
        r"package shop

const val LIMIT = 5

@Serializable
data class Cart(val size: Int) : Basket(size) {
    constructor() : this(1) { log() }

    override fun total(rate: Int): Int {
        return rate
    }

    val isEmpty: Boolean
        get() = size == 0
}

object Prices { fun of(name: String) = 1 }
interface Priced
typealias Lines = List<Line>
suspend fun <T> T.send(to: String): Unit = Unit
",
        &[
            "3-3 constant LIMIT | const val LIMIT = 5",
            "5-15 type Cart | data class Cart(val size: Int) : Basket(size)",
            "7-7 method constructor | constructor() : this(1)",
            "9-11 method total | override fun total(rate: Int): Int",
            "13-14 method isEmpty | val isEmpty: Boolean",
            "17-17 type Prices | object Prices",
            "17-17 method of | fun of(name: String)",
            "18-18 type Priced | interface Priced",
            "19-19 type Lines | typealias Lines = List<Line>",
            "20-20 function send | suspend fun <T> T.send(to: String): Unit",
        ],
    );
}

const ECMASCRIPT: &str = r"export const LIMIT = 5;
export default class Cart extends Basket {
  total = (rate) => {
    return rate;
  };
  constructor(size) { super(size); }
  static async *lines(a, { b }) {
    function inner() {}
  }
  get count() { return 1; }
}
function plain(a, b = 1) {
  return a;
}
export const arrow = async (x) => x * 2;
let old = function (y) { return y; };
module.exports.sum = function (a, b) { return a + b; };
const table = { run: () => 1, stop() {} };
";

#[test]
fn javascript() {
    check(
        "cart.js",
        ECMASCRIPT,
        &[
            "1-1 constant LIMIT | export const LIMIT = 5",
            "2-11 type Cart | export default class Cart extends Basket",
            "3-5 method total | total = (rate)",
            "6-6 method constructor | constructor(size)",
            "7-9 method lines | static async *lines(a, { b })",
            "8-8 function inner | function inner()",
            "10-10 method count | get count()",
            "12-14 function plain | function plain(a, b = 1)",
            "15-15 function arrow | export const arrow = async (x)",
            "16-16 function old | let old = function (y)",
            "17-17 function sum | module.exports.sum = function (a, b)",
            "18-18 constant table | const table = { run: () => 1, stop() {} }",
            "18-18 method run | run: ()",
            "18-18 method stop | stop()",
        ],
    );
    check("view.jsx", "const View = () => <b>{1}</b>;\n", &["1-1 function View | const View = ()"]);
}

#[test]
fn typescript() {
    let source = r#"@Component({ selector: "cart" })
export class Cart<T> extends Basket implements Priced {
  @Input() size: number = 1;
  total = (rate: number): number => rate;
  constructor(private readonly http: Http) { super(); }
  @Memo()
  lines(a?: string): T[] { return []; }
}
export interface Priced { price(currency: string): number; }
export type Id = string | number;
enum State { Open, Paid }
abstract class Base { abstract run(): void; }
export function over(a: string): string;
export function over(a: unknown): unknown { return a; }
namespace Shop { export const x = 1; }
declare module "m" { }
const arrow = <T,>(x: T): T => x;
"#;
    let expected = [
        "1-8 type Cart | export class Cart<T> extends Basket implements Priced",
        "4-4 method total | total = (rate: number): number",
        "5-5 method constructor | constructor(private readonly http: Http)",
        "6-7 method lines | lines(a?: string): T[]",
        "9-9 type Priced | export interface Priced",
        "9-9 method price | price(currency: string): number",
        "10-10 type Id | export type Id = string | number",
        "11-11 type State | enum State",
        "12-12 type Base | abstract class Base",
        "12-12 method run | abstract run(): void",
        "13-13 function over | export function over(a: string): string",
        "14-14 function over | export function over(a: unknown): unknown",
        "15-15 module Shop | namespace Shop",
        "16-16 module \"m\" | module \"m\"",
        "17-17 function arrow | const arrow = <T,>(x: T): T",
    ];
    check("cart.ts", source, &expected);
    check("cart.tsx", source, &expected);
    check("view.tsx", "const View = (p: Props) => <b>{p.x}</b>;\n", &["1-1 function View | const View = (p: Props)"]);
}

#[test]
fn python() {
    check(
        "cart.py",
        r#"LIMIT = 5
lower = 1


@dataclass(frozen=True)
class Cart(Basket):
    """A cart."""

    size: int

    @property
    def empty(self) -> bool:
        return self.size == 0

    async def total(
        self,
        rate: float = 0.19,  # percent
    ) -> float:
        def inner(x): return x
        return inner(rate)


def plain(a, *args, **kwargs):
    pass
"#,
        &[
            "1-1 constant LIMIT | LIMIT = 5",
            "5-20 type Cart | class Cart(Basket)",
            "11-13 method empty | def empty(self) -> bool",
            "15-20 method total | async def total(self, rate: float = 0.19) -> float",
            "19-19 function inner | def inner(x)",
            "23-24 function plain | def plain(a, *args, **kwargs)",
        ],
    );
}

#[test]
fn go() {
    check(
        "cart.go",
        r"package shop

const Limit = 5

const (
	A = iota
	B
)

type Cart struct {
	size int
}

type Priced interface {
	Price(currency string) (int, error)
}

type ID = string

// Total adds up.
func (c *Cart) Total(rate float64) (float64, error) {
	f := func() {}
	f()
	return rate, nil
}

func New[T any](size int) *Cart { return &Cart{size} }
",
        &[
            "3-3 constant Limit | Limit = 5",
            "6-6 constant A | A = iota",
            "7-7 constant B | B",
            "10-12 type Cart | Cart struct",
            "14-16 type Priced | Priced interface",
            "15-15 method Price | Price(currency string) (int, error)",
            "18-18 type ID | ID = string",
            "21-25 method Total | func (c *Cart) Total(rate float64) (float64, error)",
            "27-27 function New | func New[T any](size int) *Cart",
        ],
    );
}

#[test]
fn rust() {
    check(
        "cart.rs",
        r"const LIMIT: usize = 5;

/// A cart.
#[derive(Debug)]
// of goods
#[serde(default)]
pub struct Cart<T> {
    size: T,
}

pub struct Unit;
enum State { Open }
type Id = u64;

impl<T> Cart<T> where T: Copy {
    #[must_use]
    pub async fn total(&self, rate: f64 /* percent */) -> f64 {
        fn inner() {}
        rate
    }
}

trait Priced {
    fn price(&self) -> u64;
    fn free(&self) -> bool { false }
}

mod tests {
    #[test]
    fn works() {}
}

macro_rules! sum { () => {} }
",
        &[
            "1-1 constant LIMIT | const LIMIT: usize = 5",
            "4-9 type Cart | pub struct Cart<T>",
            "11-11 type Unit | pub struct Unit",
            "12-12 type State | enum State",
            "13-13 type Id | type Id = u64",
            "16-20 method total | pub async fn total(&self, rate: f64) -> f64",
            "18-18 function inner | fn inner()",
            "23-26 type Priced | trait Priced",
            "24-24 method price | fn price(&self) -> u64",
            "25-25 method free | fn free(&self) -> bool",
            "28-31 module tests | mod tests",
            "29-30 function works | fn works()",
            "33-33 function sum | macro_rules! sum { () => {} }",
        ],
    );
}

#[test]
fn c() {
    check(
        "cart.c",
        r"#include <stdio.h>
#define LIMIT 5
#define MAX(a, b) ((a) > (b) ? (a) : (b))

typedef struct cart {
    int size;
} cart_t;

enum state { OPEN, PAID };
int total(const cart_t *cart, int rate);
static char **names(void);

int total(const cart_t *cart, int rate)
{
    int x = 1;
    return cart->size * rate;
}

static char *name(void) { return 0; }
",
        &[
            "2-2 constant LIMIT | #define LIMIT 5",
            "3-3 function MAX | #define MAX(a, b)",
            "5-7 type cart_t | typedef struct cart { int size; } cart_t",
            "5-7 type cart | struct cart",
            "9-9 type state | enum state",
            "10-10 function total | int total(const cart_t *cart, int rate)",
            "13-17 function total | int total(const cart_t *cart, int rate)",
            "19-19 function name | static char *name(void)",
        ],
    );
}

#[test]
fn cpp() {
    check(
        "cart.hpp",
        r"#pragma once
namespace shop::orders {

template <typename T>
class Cart : public Basket {
public:
    explicit Cart(int size);
    ~Cart() = default;
    double total(double rate) const noexcept { return rate; }
    T *first();
    virtual T &operator[](int i) = 0;
private:
    int size_;
};

double Cart<int>::rounded(double x) const {
    return x;
}

template <class T>
T twice(T x) { return x + x; }

using Id = long;
void plain(int a, int b = 1);
std::string &Cart<int>::label() { return label_; }
}
",
        &[
            "2-26 module orders | namespace shop::orders",
            "4-14 type Cart | template <typename T> class Cart : public Basket",
            "7-7 method Cart | explicit Cart(int size)",
            "8-8 method ~Cart | ~Cart() = default",
            "9-9 method total | double total(double rate) const noexcept",
            "10-10 method first | T *first()",
            "11-11 method operator[] | virtual T &operator[](int i) = 0",
            "16-18 method rounded | double Cart<int>::rounded(double x) const",
            "20-21 function twice | template <class T> T twice(T x)",
            "23-23 type Id | using Id = long",
            "24-24 function plain | void plain(int a, int b = 1)",
            "25-25 method label | std::string &Cart<int>::label()",
        ],
    );
}

#[test]
fn ruby() {
    check(
        "cart.rb",
        r"module Shop
  LIMIT = 5
  class Cart < Basket
    def initialize(size, rate: 0.19)
      @size = size
    end

    def self.of(name)
      new(name)
    end

    def empty?
    end

    def ==(other) = true
  end
end

def plain a, b
  a
end
",
        &[
            "1-17 module Shop | module Shop",
            "2-2 constant LIMIT | LIMIT = 5",
            "3-16 type Cart | class Cart < Basket",
            "4-6 method initialize | def initialize(size, rate: 0.19)",
            "8-10 method of | def self.of(name)",
            "12-13 method empty? | def empty?",
            "15-15 method == | def ==(other)",
            "19-21 method plain | def plain a, b",
        ],
    );
}

#[test]
fn php() {
    check(
        "cart.php",
        r"<html><?php
namespace Shop\Orders;

#[Entity]
final class Cart extends Basket implements Priced
{
    const LIMIT = 5;
    public function __construct(private int $size) {}

    #[Pure]
    public static function total(float $rate = 0.19): ?float
    {
        return $rate;
    }
}

interface Priced { public function price(): int; }
trait Counts { }
enum State: string { case Open = 'o'; }
function plain(&$a, ...$b) { return $a; }
",
        &[
            "2-2 module Shop\\Orders | namespace Shop\\Orders",
            "4-15 type Cart | final class Cart extends Basket implements Priced",
            "7-7 constant LIMIT | const LIMIT = 5",
            "8-8 method __construct | public function __construct(private int $size)",
            "10-14 method total | public static function total(float $rate = 0.19): ?float",
            "17-17 type Priced | interface Priced",
            "17-17 method price | public function price(): int",
            "18-18 type Counts | trait Counts",
            "19-19 type State | enum State: string",
            "20-20 function plain | function plain(&$a, ...$b)",
        ],
    );
}

#[test]
fn sql() {
    check(
        "schema.sql",
        r"-- The shop.
CREATE TABLE shop.cart (
    id BIGINT PRIMARY KEY,
    size INT NOT NULL
);
CREATE VIEW open_cart AS SELECT id FROM shop.cart WHERE size > 0;
CREATE FUNCTION total(rate INT) RETURNS INT LANGUAGE sql AS $$ SELECT 1; $$;
",
        &[
            "2-5 type cart | CREATE TABLE shop.cart",
            "6-6 type open_cart | CREATE VIEW open_cart AS",
            "7-7 function total | CREATE FUNCTION total(rate INT) RETURNS INT LANGUAGE sql",
        ],
    );
}

#[test]
fn bash() {
    check(
        "deploy.sh",
        r#"#!/bin/bash
readonly LIMIT=5
total() {
  local rate="$1"
  echo "$rate"
}
function plain {
  total 1
}
plain
"#,
        &["2-2 constant LIMIT | readonly LIMIT=5", "3-6 function total | total()", "7-9 function plain | function plain"],
    );
}
