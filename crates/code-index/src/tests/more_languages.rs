//! The stories of `languages`, continued.

use super::languages::check;

#[test]
fn swift() {
    check(
        "Cart.swift",
        r"import Foundation
let limit = 5

@MainActor
public final class Cart<T>: Basket, Priced {
    let size: Int
    var isEmpty: Bool { return size == 0 }
    init(size: Int) { self.size = size }
    deinit { }
    func total(rate: Double, _ lines: [Line] = []) async throws -> Double {
        func inner() { }
        return rate
    }
    subscript(i: Int) -> T { items[i] }
    static func of(_ name: String) -> Cart { Cart(size: 1) }
}

struct Money { }
enum State { case open, paid; func done() -> Bool { true } }
protocol Priced { func price(currency: String) -> Int }
extension Cart { func more() { } }
typealias Id = String
func plain() { }
",
        &[
            "2-2 constant limit | let limit = 5",
            "4-16 type Cart | @MainActor public final class Cart<T>: Basket, Priced",
            "7-7 method isEmpty | var isEmpty: Bool",
            "8-8 method init | init(size: Int)",
            "9-9 method deinit | deinit",
            "10-13 method total | func total(rate: Double, _ lines: [Line] = []) async throws -> Double",
            "11-11 function inner | func inner()",
            "14-14 method subscript | subscript(i: Int) -> T",
            "15-15 method of | static func of(_ name: String) -> Cart",
            "18-18 type Money | struct Money",
            "19-19 type State | enum State",
            "19-19 method done | func done() -> Bool",
            "20-20 type Priced | protocol Priced",
            "20-20 method price | func price(currency: String) -> Int",
            "21-21 method more | func more()",
            "22-22 type Id | typealias Id = String",
            "23-23 function plain | func plain()",
        ],
    );
}

#[test]
fn scala() {
    check(
        "Cart.scala",
        r"package shop.orders

class Cart[T](val size: Int) extends Basket(size) with Priced {
  private val limit = 5
  def total(rate: Double, lines: List[Line] = Nil): Double = {
    def inner(x: Double) = x
    inner(rate)
  }
}

object Cart {
  def of(name: String) = new Cart(1)
}
trait Priced { def price(currency: String): Int }
enum State { case Open, Paid }
type Id = String
def plain(): Unit = ()
case class Line(name: String)
",
        &[
            "3-9 type Cart | class Cart[T](val size: Int) extends Basket(size) with Priced",
            "4-4 constant limit | private val limit = 5",
            "5-8 method total | def total(rate: Double, lines: List[Line] = Nil): Double",
            "6-6 function inner | def inner(x: Double)",
            "11-13 type Cart | object Cart",
            "12-12 method of | def of(name: String)",
            "14-14 type Priced | trait Priced",
            "14-14 method price | def price(currency: String): Int",
            "15-15 type State | enum State",
            "16-16 type Id | type Id = String",
            "17-17 function plain | def plain(): Unit",
            "18-18 type Line | case class Line(name: String)",
        ],
    );
}

#[test]
fn powershell() {
    check(
        "Cart.psm1",
        r#"function Get-Total {
    param([int]$Rate, [string]$Name = "x")
    return $Rate
}
filter Select-Open { $_ }
class Cart : Basket {
    [int]$Size
    Cart([int]$size) { $this.Size = $size }
    [double] Total([double]$rate) { return $rate }
}
enum State { Open; Paid }
function script:Plain($a, $b) { }
"#,
        &[
            "1-4 function Get-Total | function Get-Total { param([int]$Rate, [string]$Name = \"x\")",
            "5-5 function Select-Open | filter Select-Open",
            "6-10 type Cart | class Cart : Basket",
            "8-8 method Cart | Cart([int]$size)",
            "9-9 method Total | [double] Total([double]$rate)",
            "11-11 type State | enum State",
            "12-12 function Plain | function script:Plain($a, $b)",
        ],
    );
}

#[test]
fn hcl() {
    check(
        "main.tf",
        r#"variable "region" {
  type = string
}
locals {
  name = "x-${var.region}"
}
resource "aws_instance" "web" {
  ami = data.aws_ami.ubuntu.id
}
data "aws_ami" "ubuntu" { owner = "x" }
module "vpc" { source = "./vpc" }
output "id" { value = aws_instance.web.id }
"#,
        &[
            "1-3 constant region | variable \"region\"",
            "5-5 constant name | name = \"x-${var.region}\"",
            "7-9 type web | resource \"aws_instance\" \"web\"",
            "10-10 type ubuntu | data \"aws_ami\" \"ubuntu\"",
            "11-11 constant vpc | module \"vpc\"",
            "12-12 constant id | output \"id\"",
        ],
    );
}

#[test]
fn yaml() {
    check(
        "azure-pipelines.yml",
        "# The build.\nname: build\nbase: &base\n  steps: 1\njobs:\n  - job: x\n    <<: *base\n\"quoted\": 1\n",
        &[
            "2-2 key name | name",
            "3-4 key base | base",
            "3-3 constant base | &base",
            "5-7 key jobs | jobs",
            "8-8 key \"quoted\" | \"quoted\"",
        ],
    );
}

#[test]
fn json() {
    check(
        "package.json",
        "{\n  \"name\": \"shop\",\n  \"scripts\": {\n    \"build\": [1, {\"a\": null}]\n  }\n}\n",
        &["2-2 key name | \"name\"", "3-5 key scripts | \"scripts\""],
    );
}
