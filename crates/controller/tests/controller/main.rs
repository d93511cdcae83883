//! The controller on the simulated cluster.
#![cfg(test)]

mod circumstances;
mod crash;
mod ends;
mod lead;
mod life;
mod shop;
mod tell;
