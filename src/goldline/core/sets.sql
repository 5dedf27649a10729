-- Sets looked at as a whole: from when on a trace has been silent for too long, what lines come to together.
SET search_path = goldline;

-- The clock starts at `start`, and every instant of `times` after it and before `until` starts it anew, unless it has
-- run out by then: the answer is when it runs out first, which may lie ahead. An instant on which it runs out starts
-- it anew, because silence of just that length is not longer. Null where the start or the length is; without an
-- `until` there is no end. The order of `times` does not matter: a pass over them moves the clock as far as it goes,
-- and in ascending order, as facts are kept, one pass does.
CREATE OR REPLACE FUNCTION first_silence(
    times timestamptz[], length interval, start timestamptz, until timestamptz
) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    heard timestamptz := start;
    runs_out timestamptz := start + length;
    seen timestamptz;
    moved boolean := times IS NOT NULL;
BEGIN
    WHILE moved AND runs_out IS NOT NULL LOOP
        moved := false;
        FOREACH seen IN ARRAY times LOOP
            IF seen > heard AND seen <= runs_out AND (until IS NULL OR seen < until) THEN
                heard := seen;
                runs_out := seen + length;
                moved := true;
            END IF;
        END LOOP;
    END LOOP;
    RETURN runs_out;
END $$;

-- Lines are JSON arrays of an id and an amount in minor units, such as payments of refunds: the instant, once they come
-- to the amount together; null before.
CREATE OR REPLACE FUNCTION once_total(lines text[], amount numeric, at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT at WHERE (SELECT coalesce(sum((line::jsonb ->> 1)::numeric), 0) FROM unnest(lines) AS line) >= amount
$$;
