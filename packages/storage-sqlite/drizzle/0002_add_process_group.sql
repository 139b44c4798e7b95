-- A check of the column's own: one of the table's would have it made anew.
ALTER TABLE `sessions` ADD `process_group` integer CHECK (`process_group` IS NULL OR (`process_group` >= 0 AND `status` = 'running'));
