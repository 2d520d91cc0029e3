/** Exact decimals for money: whole pico-dollars (1e-12 USD, the last digit that tables keep) and the texts of both. */

/** `digits` × 10^-`scale`: the shortest decimal that names this double, which is what a person or a file wrote. */
export function decimalOf(value: number): { digits: bigint; scale: number } {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent) }
}

/** A double moved by powers of ten without an error of its own: 1.25e-6 by 6 is 1.25. */
export function shifted(value: number, powerOfTen: number): number {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  return Number(`${mantissa}e${Number(exponent) + powerOfTen}`)
}

/** Whole pico-dollars of the exact product of some amounts, each ≥ 0, times 10^`powerOfTen`; half a pico-dollar rounds up. */
export function picoProduct(usd: readonly number[], powerOfTen = 0): bigint {
  let digits = 1n
  let scale = -12 - powerOfTen
  for (const factor of usd) {
    const decimal = decimalOf(factor)
    digits *= decimal.digits
    scale += decimal.scale
  }
  if (scale <= 0) return digits * 10n ** BigInt(-scale)
  const unit = 10n ** BigInt(scale)
  return (digits + unit / 2n) / unit
}

/** The pico-dollars that a table stores of a dollar amount. Above 4,500 USD a double holds no single ones: dollars and rest apart. */
export function storedPico(usd: number): bigint {
  const dollars = Math.trunc(usd)
  if (Math.abs(usd * 1e12) < 2 ** 52) return BigInt(Math.round(usd * 1e12))
  return BigInt(dollars) * 1_000_000_000_000n + BigInt(Math.round((usd - dollars) * 1e12))
}

/** `0.0125`, `-3`, `0.000000000001`: as ClickHouse writes decimals. */
export function usdText(pico: bigint): string {
  const digits = String(pico < 0n ? -pico : pico).padStart(13, '0')
  const fraction = digits.slice(-12).replace(/0+$/, '')
  return `${pico < 0n ? '-' : ''}${digits.slice(0, -12)}${fraction && `.${fraction}`}`
}

/** The other way round. Throws SyntaxError on a text that is no decimal; digits beyond the twelfth are cut. */
export function picoOf(text: string): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '') throw new SyntaxError(`not an amount: ${text.slice(0, 40)}`)
  const pico = BigInt(whole + fraction.padEnd(12, '0').slice(0, 12))
  return sign ? -pico : pico
}
