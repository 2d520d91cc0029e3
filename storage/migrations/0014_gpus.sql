-- What GPU exporters beside DCGM's and nvidia-smi itself say of a GPU.

ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS vgpu LowCardinality(String) COMMENT 'Virtual GPU on a host that serves several; empty for a whole GPU' CODEC(ZSTD(1)) AFTER container;
ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS sm_occupancy_ratio Nullable(Float64) COMMENT 'Warps resident of those that would fit, 0 to 1' CODEC(ZSTD(1)) AFTER sm_active_ratio;
ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS memory_utilization_ratio Nullable(Float64) COMMENT 'Share of time memory was read or written, 0 to 1; dram_active_ratio says how busy it was' CODEC(ZSTD(1)) AFTER dram_active_ratio;
ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS slowdown_temperature_celsius Nullable(Float64) COMMENT 'Temperature from which the chip is slowed down, degrees Celsius' CODEC(ZSTD(1)) AFTER memory_temperature_celsius;
ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS pcie_replays Nullable(UInt64) COMMENT 'PCIe transfers repeated since the driver was loaded' CODEC(ZSTD(1)) AFTER pcie_rx_bytes_per_second;
ALTER TABLE gpu_samples ADD COLUMN IF NOT EXISTS row_remap_failures Nullable(UInt32) COMMENT 'Above 0 when a memory row could not be remapped: the GPU wants replacing' CODEC(ZSTD(1)) AFTER remapped_rows;
ALTER TABLE gpu_samples COMMENT COLUMN IF EXISTS nvlink_bytes_per_second 'NVLink or XGMI traffic in both directions, bytes per second';
ALTER TABLE gpu_samples COMMENT COLUMN IF EXISTS mig_profile 'MIG profile: 1g.10gb, or AMD partitioning: cpx; empty for a whole GPU';
ALTER TABLE gpu_samples COMMENT COLUMN IF EXISTS mig_id 'MIG instance or AMD partition; empty for a whole GPU';
