/** Names of NVML's clock throttle (now "clocks event") reasons, by bit. */
const reasons: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'gpu_idle'],
  [0x2, 'applications_clocks_setting'],
  [0x4, 'sw_power_cap'],
  [0x8, 'hw_slowdown'],
  [0x10, 'sync_boost'],
  [0x20, 'sw_thermal_slowdown'],
  [0x40, 'hw_thermal_slowdown'],
  [0x80, 'hw_power_brake_slowdown'],
  [0x100, 'display_clocks_setting'],
]

/**
 * The reasons set in NVML's bitmask; bits that NVML had not named yet come out as `bit_9`.
 * https://docs.nvidia.com/deploy/nvml-api/group__nvmlClocksEventReasons.html
 */
export function throttleReasons(bitmask: number): string[] {
  if (!Number.isInteger(bitmask) || bitmask < 0) return []
  const named = reasons.filter(([bit]) => (bitmask & bit) !== 0).map(([, name]) => name)
  const others = Array.from({ length: 23 }, (_, index) => index + 9).filter((bit) => ((bitmask >>> bit) & 1) === 1)
  return [...named, ...others.map((bit) => `bit_${bit}`)]
}

/** The bitmask of `names`; a name that is not NVML's adds nothing. */
export function throttleBitmask(names: readonly string[]): number {
  return reasons.filter(([, name]) => names.includes(name)).reduce((bits, [bit]) => bits | bit, 0)
}
