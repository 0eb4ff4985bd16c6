"use strict";
// Numbers as people read them, and elements of the page. A figure keeps its exact value and where it
// stands in the data, so that a program can compare the page with the data.

const thousands = new Intl.NumberFormat("en-US");

// About three significant digits, without an exponent.
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return thousands.format(Math.round(value));
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1) return value.toFixed(2);
  return value.toFixed(size >= 0.001 ? 3 : 6).replace(/0+$/, "").replace(/\.$/, "");
}

const minus = (text) => text.replace(/^-/, "\u2212");
const number = (value) => minus(Number.isInteger(value) ? thousands.format(value) : digits(value));
const percent = (share, places = 1) => minus((share * 100).toFixed(places)) + "\u202f%";
const signed = (value, places = 2) => (value > 0 ? "+" : "") + minus(value.toFixed(places));

function plural(count, one, many = one + "s") {
  return `${number(count)}\u00a0${count === 1 ? one : many}`;
}

// element("p", {class: "x"}, "text", child, ...): attributes of value null are left out.
function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function lookUp(data, path) {
  return path.split(".").reduce((value, key) => (value === null || value === undefined ? value : value[key]), data);
}

// A number of the data with its unit, or a dash where the run did not measure it.
function figure(data, path, unit = "", show = number) {
  const value = lookUp(data, path);
  if (value === null || value === undefined) return element("span", {class: "none"}, "\u2013");
  return element("span", {"data-figure": path, "data-value": value},
    show(value), unit ? element("small", {}, unit) : null);
}
