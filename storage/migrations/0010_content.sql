-- Prompts and answers in columns of their own: they can be kept for a shorter time than the rows.

ALTER TABLE spans ADD COLUMN IF NOT EXISTS content Map(LowCardinality(String), String) COMMENT 'Attributes that say what users and models said: prompts, answers, tool arguments; arrays and objects as JSON' CODEC(ZSTD(1)) AFTER attributes;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS event_content Array(Map(LowCardinality(String), String)) COMMENT 'Likewise of the span\'s events; empty once content_days are over' CODEC(ZSTD(1)) AFTER event_attributes;
ALTER TABLE spans COMMENT COLUMN IF EXISTS attributes 'Attributes of the span, but for those in content; arrays and objects as JSON';
ALTER TABLE spans COMMENT COLUMN IF EXISTS event_attributes 'Attributes of the span\'s events, but for those in event_content';
