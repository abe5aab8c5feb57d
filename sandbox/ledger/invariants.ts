/** What is true of the shop after every transaction; each query gives the rows of which it is not. */
export const invariants: {broken: string; query: string}[] = [
  {
    broken: 'order whose payments are not the sum of its lines',
    query: `SELECT o.id FROM orders o
      LEFT JOIN (SELECT order_id, sum(total) AS total FROM order_lines GROUP BY 1) l ON l.order_id = o.id
      LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM billing.payments GROUP BY 1) p ON p.order_id = o.id
      WHERE l.total IS DISTINCT FROM p.amount OR l.total IS NULL`,
  },
  {
    broken: 'order line without exactly one stock movement of its quantity',
    query: `SELECT l.id FROM order_lines l
      LEFT JOIN (SELECT order_line_id, count(*) AS count, sum(change) AS change FROM stock_movements GROUP BY 1) m
        ON m.order_line_id = l.id
      WHERE m.count IS DISTINCT FROM 1 OR m.change <> -l.quantity`,
  },
  {
    broken: 'product whose stock is not the sum of its movements',
    query: `SELECT p.id FROM products p
      LEFT JOIN (SELECT product_id, sum(change) AS change FROM stock_movements GROUP BY 1) m ON m.product_id = p.id
      WHERE m.change IS DISTINCT FROM p.stock`,
  },
  {
    broken: 'order event without exactly one order',
    query: `SELECT e.ref AS id FROM events e LEFT JOIN orders o ON o.ref = e.ref
      WHERE e.kind = 'order' GROUP BY e.ref, e.id HAVING count(o.id) <> 1`,
  },
  {
    broken: 'order without its event',
    query: `SELECT o.id FROM orders o
      WHERE o.ref IS NOT NULL AND NOT EXISTS (SELECT FROM events e WHERE e.ref = o.ref AND e.kind = 'order')`,
  },
]
