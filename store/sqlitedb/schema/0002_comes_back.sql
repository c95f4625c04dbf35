-- Who comes back after having been erased, and what somebody who unsubscribed
-- asks for before it is confirmed (JSON, '' for nothing).
ALTER TABLE subscriber ADD COLUMN comes_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriber ADD COLUMN asked TEXT NOT NULL DEFAULT '';
