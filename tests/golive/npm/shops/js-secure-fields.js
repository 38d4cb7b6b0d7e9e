// sdk-js: Secure Fields one by one.
import { loadMercadoPago } from '@mercadopago/sdk-js';

const root = document.getElementById('root');
root.innerHTML = `
  <form id="pay">
    <div id="number"></div><div id="date"></div><div id="code"></div>
    <label>Titular <input id="holder" autocomplete="cc-name"></label>
    <button>Pagar</button>
  </form>`;

async function start() {
  await loadMercadoPago();
  const mp = new window.MercadoPago('APP_USR-00000000-1111-4222-8333-444444444444');
  mp.fields.create('cardNumber', { placeholder: 'Número' }).mount('number');
  mp.fields.create('expirationDate', { placeholder: 'MM/AA' }).mount('date');
  mp.fields.create('securityCode', { placeholder: 'Código' }).mount('code');
  document.getElementById('pay').addEventListener('submit', async (event) => {
    event.preventDefault();
    const token = await mp.fields.createCardToken({ cardholderName: document.getElementById('holder').value });
    await fetch('/pagos', { method: 'POST', body: JSON.stringify({ token: token.id }) });
  });
}

start();
