-- What was published, and what of it is the same. Kept as a semilattice: texts are only ever added, an item holds the
-- greatest of what was told of it, and the clusters are the connected parts of the texts. No order changes any of it.
SET search_path = goldline;

CREATE TABLE IF NOT EXISTS likeness_text (
    fingerprint  uuid PRIMARY KEY,                 -- of the plain form
    plain        text NOT NULL,
    cluster      uuid NOT NULL                     -- the least fingerprint of its cluster
);
CREATE INDEX IF NOT EXISTS likeness_text_cluster ON likeness_text (cluster);

-- Texts that agree in a band may be the same; the shares of their shingles decide.
CREATE TABLE IF NOT EXISTS likeness_band (
    key          bigint NOT NULL,
    fingerprint  uuid NOT NULL,
    PRIMARY KEY (key, fingerprint)
);

CREATE TABLE IF NOT EXISTS likeness_item (
    id           text COLLATE "C" PRIMARY KEY,
    account      text COLLATE "C" NOT NULL,
    at           timestamptz NOT NULL,
    words        text COLLATE "C" NOT NULL,        -- as it was published
    fingerprint  uuid                              -- null where nothing is left of its words
);
CREATE INDEX IF NOT EXISTS likeness_item_text ON likeness_item (fingerprint);

-- A text whose cluster has a case. Clusters that grow together later keep the cases they had.
CREATE TABLE IF NOT EXISTS likeness_case (
    fingerprint  uuid PRIMARY KEY,
    case_id      uuid NOT NULL,
    points       integer NOT NULL,                 -- the score when it was opened
    opened_at    timestamptz NOT NULL
);
