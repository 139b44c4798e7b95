/** One process of a contestant: does what it is told, order by order. */
import process from 'node:process';
import { CONTESTANTS } from '../contestants/catalogue.ts';
import { OrderTaker } from './order-taker.ts';
import type { Order, Reply } from './orders.ts';

const taker = new OrderTaker(CONTESTANTS);

process.on('message', (order: Order) => {
  void taker.carryOut(order).then(
    (answer) => reply({ is: 'answer', answer }),
    (error: unknown) =>
      reply({ is: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

// A library may leave a timer behind.
process.once('disconnect', () => process.exit());

function reply(content: Reply): void {
  process.send?.(content);
}
