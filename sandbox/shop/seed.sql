-- Fills the schema; shop.scale multiplies the size, 1 is about 25 MB.
INSERT INTO customers (email, name, created_at)
  SELECT 'customer' || n || '@example.com', 'Customer ' || n, now() - n * interval '1 minute'
  FROM generate_series(1, (2000 * current_setting('shop.scale')::numeric)::int + 50) AS n;

INSERT INTO products (sku, name, price, stock, attributes)
  SELECT 'SKU-' || lpad(n::text, 5, '0'), 'Product ' || n, 199 + (n * 37) % 9000, 1000000,
         jsonb_build_object('color', (ARRAY['red', 'green', 'blue', 'grün', NULL])[1 + n % 5], 'weight', n % 40, 'tags',
                            jsonb_build_array('t' || n % 7, 't' || n % 11))
  FROM generate_series(1, 200) AS n;
INSERT INTO stock_movements (product_id, change, at) SELECT id, stock, now() - interval '80 days' FROM products;

INSERT INTO orders (customer_id, status, placed_at)
  SELECT 1 + n % (SELECT count(*) FROM customers), CASE WHEN n % 20 = 0 THEN 'placed'::order_status ELSE 'shipped' END,
         now() - (n % 60) * interval '1 day'
  FROM generate_series(1, (16000 * current_setting('shop.scale')::numeric)::int + 100) AS n;

INSERT INTO order_lines (order_id, product_id, quantity, unit_price)
  SELECT o.id, p.id, 1 + (o.number + line) % 4, p.price
  FROM orders o
  CROSS JOIN generate_series(0, 2) AS line
  JOIN products p ON p.id = 1 + (o.number * 7 + line * 31) % 200
  WHERE line = 0 OR (o.number + line) % 3 = 0;
UPDATE products p SET stock = p.stock - sold.quantity
  FROM (SELECT product_id, sum(quantity) AS quantity FROM order_lines GROUP BY 1) AS sold
  WHERE sold.product_id = p.id;

INSERT INTO billing.payments (order_id, amount, paid_at)
  SELECT t.id, t.total, o.placed_at FROM order_totals t JOIN orders o USING (id);

INSERT INTO carts (customer_id, contents, touched_at)
  SELECT 1 + n % (SELECT count(*) FROM customers), jsonb_build_array(jsonb_build_object('product', n % 200, 'quantity', 1)),
         now() - n * interval '1 hour'
  FROM generate_series(1, (2000 * current_setting('shop.scale')::numeric)::int + 50) AS n;

INSERT INTO events (ref, kind, payload, at)
  SELECT gen_random_uuid(), 'imported', jsonb_build_object('number', number, 'note', repeat('x', 60)), placed_at FROM orders;

INSERT INTO page_views (path, customer_id, viewed_at)
  SELECT '/products/' || n % 200, nullif(n % 50, 0), now() - (n % 90) * interval '1 day'
  FROM generate_series(1, (40000 * current_setting('shop.scale')::numeric)::int + 100) AS n;

INSERT INTO "Settings" ("Key", "Value") VALUES
  ('shop name', '"The \"Sandbox\" Shop – Größe & mehr"'), ('currency', '"EUR"'), ('nothing', NULL);

REFRESH MATERIALIZED VIEW daily_revenue;
