-- A batch of vouchers with their whole trails, in one snapshot.
SELECT v.id AS v_id, v.public_id AS v_public_id, v.seq AS v_seq,
       v.status AS v_status, v.amount_minor AS v_amount_minor,
       v.currency AS v_currency, v.owner_id AS v_owner_id,
       v.expires_at AS v_expires_at, v.code_hmac AS v_code_hmac,
       v.station_id AS v_station_id, v.redeemed_at AS v_redeemed_at,
       e.*, n.salt AS note_salt, n.text AS note_text
  FROM (SELECT * FROM vouchers WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) v
  LEFT JOIN voucher_event e ON e.voucher_id = v.id
  LEFT JOIN voucher_note n ON n.event_id = e.id
 ORDER BY v.id, e.seq, e.id
