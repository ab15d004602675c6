//! Large random primes for RSA keys, found some ten times faster than by general arithmetic: a sieve over small primes
//! leaves few candidates, and a candidate is tested in Montgomery form with numbers of a fixed size.
//!
//! Neighbor: `keys.rs` makes keys of them.

use std::sync::LazyLock;

use rsa::BigUint;

/// Odd candidates behind a random start that are looked at together; nearly always enough to hold a prime.
const WINDOW: usize = 1 << 13;

/// Small primes divide most candidates; beyond this, a division costs as much as it saves.
const SMALL_PRIMES_BELOW: u32 = 1 << 15;

/// Rounds with random bases after the one with base 2. For random candidates of this size the standard for digital
/// signatures, FIPS 186-5, asks for five.
const ROUNDS: usize = 7;

/// The exponent of every key; a prime must not be one above a multiple of it.
pub(super) const EXPONENT: u32 = 65_537;

/// A random prime of `64 * N` bits whose two highest bits are set, so that a product of two has twice the bits.
pub(super) fn random_prime<const N: usize>(fill: &dyn Fn(&mut [u8])) -> BigUint {
    static SMALL: LazyLock<Vec<u32>> = LazyLock::new(small_primes);
    loop {
        let mut start = random::<N>(fill);
        start[0] |= 1;
        start[N - 1] |= 3 << 62;
        for (at, divisible) in sieve(&start, &SMALL).into_iter().enumerate() {
            if divisible {
                continue;
            }
            let Some(candidate) = plus(&start, 2 * at as u64) else { break };
            if remainder(&candidate, EXPONENT) != 1 && is_prime(&candidate, fill) {
                let bytes: Vec<u8> = candidate.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
                return BigUint::from_bytes_be(&bytes);
            }
        }
    }
}

fn random<const N: usize>(fill: &dyn Fn(&mut [u8])) -> [u64; N] {
    let mut bytes = vec![0; 8 * N];
    fill(&mut bytes);
    let mut limbs = [0; N];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    limbs
}

/// The odd primes below [`SMALL_PRIMES_BELOW`].
fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in (3..SMALL_PRIMES_BELOW).step_by(2) {
        if primes.iter().take_while(|prime| *prime * *prime <= number).all(|prime| number % prime != 0) {
            primes.push(number);
        }
    }
    primes
}

fn remainder<const N: usize>(number: &[u64; N], divisor: u32) -> u32 {
    let divisor = u64::from(divisor);
    let mut rest = 0;
    for limb in number.iter().rev() {
        rest = (rest << 32 | limb >> 32) % divisor;
        rest = (rest << 32 | limb & 0xffff_ffff) % divisor;
    }
    rest as u32
}

/// Which of `start`, `start + 2`, `start + 4` ... are divisible by a small prime.
fn sieve<const N: usize>(start: &[u64; N], small: &[u32]) -> Vec<bool> {
    let mut divisible = vec![false; WINDOW];
    for prime in small {
        let missing = (prime - remainder(start, *prime)) % prime;
        // Half of what is missing, as the steps are twos; when that is odd, one more turn makes it even.
        let first = if missing.is_multiple_of(2) { missing / 2 } else { (missing + prime) / 2 };
        for at in (first as usize..WINDOW).step_by(*prime as usize) {
            divisible[at] = true;
        }
    }
    divisible
}

fn plus<const N: usize>(number: &[u64; N], more: u64) -> Option<[u64; N]> {
    let mut sum = *number;
    let mut carry = more;
    for limb in &mut sum {
        let (added, over) = limb.overflowing_add(carry);
        *limb = added;
        carry = u64::from(over);
    }
    (carry == 0).then_some(sum)
}

fn minus<const N: usize>(number: &[u64; N], less: &[u64; N]) -> [u64; N] {
    let mut difference = *number;
    let mut borrow = false;
    for (limb, less) in difference.iter_mut().zip(less) {
        let (once, first) = limb.overflowing_sub(*less);
        let (twice, second) = once.overflowing_sub(u64::from(borrow));
        *limb = twice;
        borrow = first || second;
    }
    difference
}

fn at_least<const N: usize>(number: &[u64; N], other: &[u64; N]) -> bool {
    number.iter().rev().cmp(other.iter().rev()).is_ge()
}

/// Arithmetic modulo an odd number whose highest bit is set, on numbers in Montgomery form.
struct Modulus<const N: usize> {
    number: [u64; N],
    /// The negated inverse of the lowest limb.
    inverse: u64,
    one: [u64; N],
    minus_one: [u64; N],
}

impl<const N: usize> Modulus<N> {
    fn new(number: &[u64; N]) -> Modulus<N> {
        // Each step doubles the bits that are right; the start has three.
        let mut inverse = number[0];
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(number[0].wrapping_mul(inverse)));
        }
        // One is the power of two beyond the number, which is less than twice the number.
        let one = minus(&[0; N], number);
        Modulus { number: *number, inverse: inverse.wrapping_neg(), one, minus_one: minus(number, &one) }
    }

    /// The product, once divided by the power of two that Montgomery form carries.
    fn multiply(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut total = [0u64; N];
        let mut top = 0u64;
        for limb in a {
            let mut carry = 0u128;
            for (sum, other) in total.iter_mut().zip(b) {
                let step = u128::from(*sum) + u128::from(*limb) * u128::from(*other) + carry;
                *sum = step as u64;
                carry = step >> 64;
            }
            let high = u128::from(top) + carry;
            let factor = total[0].wrapping_mul(self.inverse);
            let step = u128::from(total[0]) + u128::from(factor) * u128::from(self.number[0]);
            let mut carry = step >> 64;
            for at in 1..N {
                let step = u128::from(total[at]) + u128::from(factor) * u128::from(self.number[at]) + carry;
                total[at - 1] = step as u64;
                carry = step >> 64;
            }
            let step = u128::from(high as u64) + carry;
            total[N - 1] = step as u64;
            top = ((high >> 64) as u64).wrapping_add((step >> 64) as u64);
        }
        if top != 0 || at_least(&total, &self.number) { minus(&total, &self.number) } else { total }
    }

    fn double(&self, number: &[u64; N]) -> [u64; N] {
        let mut doubled = [0; N];
        let mut carry = 0;
        for (to, from) in doubled.iter_mut().zip(number) {
            *to = from << 1 | carry;
            carry = from >> 63;
        }
        if carry != 0 || at_least(&doubled, &self.number) { minus(&doubled, &self.number) } else { doubled }
    }

    /// One round of Miller and Rabin's test. `base` in Montgomery form; without one it is 2, which is faster.
    fn passes(&self, base: Option<&[u64; N]>) -> bool {
        let less = minus(&self.number, &small::<N>(1));
        let twos = less.iter().take_while(|limb| **limb == 0).count();
        let twos = 64 * twos + less.get(twos).map_or(0, |limb| limb.trailing_zeros() as usize);
        let mut power = self.one;
        for bit in (twos..64 * N).rev() {
            power = self.multiply(&power, &power);
            if less[bit / 64] >> (bit % 64) & 1 == 1 {
                power = match base {
                    Some(base) => self.multiply(&power, base),
                    None => self.double(&power),
                };
            }
        }
        if power == self.one || power == self.minus_one {
            return true;
        }
        for _ in 1..twos {
            power = self.multiply(&power, &power);
            if power == self.minus_one {
                return true;
            }
        }
        false
    }
}

fn small<const N: usize>(number: u64) -> [u64; N] {
    let mut limbs = [0; N];
    limbs[0] = number;
    limbs
}

fn is_prime<const N: usize>(candidate: &[u64; N], fill: &dyn Fn(&mut [u8])) -> bool {
    let modulus = Modulus::new(candidate);
    // Any residue but zero is in Montgomery form of some base.
    let random_base = || {
        let mut base = random::<N>(fill);
        base[N - 1] >>= 1;
        base[0] |= 2;
        base
    };
    modulus.passes(None) && (0..ROUNDS).all(|_| modulus.passes(Some(&random_base())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, FixedEnvironment};

    #[test]
    fn known_primes_pass_and_composites_fail() {
        let environment = FixedEnvironment::new(0, 5);
        let fill = |bytes: &mut [u8]| environment.fill(bytes);
        // The largest primes below 2^64 and 2^128, and neighbors and a product that aren't.
        assert!(is_prime(&[u64::MAX - 58], &fill));
        assert!(!is_prime(&[u64::MAX - 56], &fill));
        assert!(is_prime(&[u64::MAX - 158, u64::MAX], &fill));
        assert!(!is_prime(&[u64::MAX - 156, u64::MAX], &fill));
        // (2^32 - 5) * (2^32 - 17)
        assert!(!is_prime(&[0xffff_fffb * 0xffff_ffef], &fill));
    }

    #[test]
    fn primes_have_all_their_bits() {
        let environment = FixedEnvironment::new(0, 6);
        let prime = random_prime::<4>(&|bytes| environment.fill(bytes));
        assert_eq!(prime.bits(), 256);
        let two = BigUint::from(2u8);
        assert_eq!(two.modpow(&(&prime - &BigUint::from(1u8)), &prime), BigUint::from(1u8));
        assert_ne!(&prime % BigUint::from(EXPONENT), BigUint::from(1u8));
    }
}
