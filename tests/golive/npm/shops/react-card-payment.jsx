// The Card Payment Brick of sdk-react, as its documentation mounts it.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CardPayment, initMercadoPago } from '@mercadopago/sdk-react';

initMercadoPago('APP_USR-00000000-1111-4222-8333-444444444444', { locale: 'es-AR' });

function Checkout() {
  const pay = (form) =>
    fetch('/api/payments', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(form) })
      .then((answer) => answer.json())
      .then((payment) => location.assign(`/resultado?payment=${payment.id}`));
  const failed = (error) => { document.getElementById('problem').textContent = `No pudimos mostrar el formulario (${error.type}).`; };
  return (
    <main>
      <h1>Pagar tu pedido</h1>
      <p>Total a pagar: $ 15.300</p>
      <CardPayment initialization={{ amount: 15300 }} onSubmit={pay} onError={failed} />
      <p id="problem" role="alert" />
      <a href="/terminos">Términos y condiciones</a>
    </main>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><Checkout /></StrictMode>);
